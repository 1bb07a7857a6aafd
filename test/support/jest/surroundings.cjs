/* What the files of a process share beside modules, and what one may not leave to the next. */

/** What libraries keep there, which are loaded once for all files: helpers and registries. */
const KEPT = /^(?:__|Swagger|classValidator|typeorm)/;

/** For the end of the process: who has asked for them once relies on them, and they are heard by no other file. */
const LAST_EVENTS = new Set(['exit', 'beforeExit']);

/** @returns what makes them as they are now. */
exports.remember = () => {
  const globals = Object.getOwnPropertyDescriptors(globalThis);
  const env = { ...process.env };
  const { exit } = process;
  const folder = process.cwd();
  const listeners = new Map(process.eventNames().map((name) => [name, process.rawListeners(name)]));
  return () => {
    process.exit = exit;
    process.chdir(folder);
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    Object.assign(process.env, env);
    // symbols are of Node and of Jest, which look for them again
    const added = Object.getOwnPropertyNames(globalThis).filter((name) => !(name in globals) && !KEPT.test(name));
    for (const name of added) Reflect.deleteProperty(globalThis, name);
    Object.defineProperties(globalThis, globals);
    for (const name of process.eventNames()) {
      if (LAST_EVENTS.has(name)) continue;
      const known = listeners.get(name) ?? [];
      for (const each of process.rawListeners(name)) if (!known.includes(each)) process.off(name, each);
    }
  };
};
