/* The surroundings of a test file: those of the process, which it leaves as it has found them. */
const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');

module.exports = class NativeEnvironment {
  constructor({ projectConfig }, { docblockPragmas }) {
    /** For those that begin with `@ownModules`: what others have loaded would show. */
    this.wantsOwnModules = 'ownModules' in docblockPragmas;
    this.global = globalThis;
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimers = null;
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    this.before = {
      globals: Object.getOwnPropertyDescriptors(globalThis),
      env: { ...process.env },
      exit: process.exit,
    };
    // as the others of the process keep theirs
    delete globalThis[Symbol.for('EVENT_HANDLERS')];
  }

  setup() {
    // Node knows itself where a line of TypeScript is
    Error.prepareStackTrace = undefined;
    return Promise.resolve();
  }

  teardown() {
    this.fakeTimersModern.dispose();
    this.moduleMocker.restoreAllMocks();
    const { globals, env, exit } = this.before;
    process.exit = exit;
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    Object.assign(process.env, env);
    Object.defineProperties(globalThis, globals);
    return Promise.resolve();
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return null;
  }
};
