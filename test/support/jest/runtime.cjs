/*
 * Runs test files as Node runs any module, without a sandbox for each: what one has loaded is there for the next, which is
 * half of the time that all of them take. Jest does the rest as always: time limits, hooks, fake timers, snapshots.
 */
const { register } = require('node:module');
const { pathToFileURL } = require('node:url');

register('./typescript.mjs', pathToFileURL(__filename));
process.setSourceMapsEnabled(true);

/** How many test files had modules of their own. */
let ownModules = 0;

/** What `@jest/globals` is for the file that runs. */
const current = {};

/** Of what `jest-runtime` does, what Jest asks for. */
class NativeRuntime {
  constructor(_config, environment) {
    this.environment = environment;
  }

  setGlobalsForRuntime(globals) {
    const { moduleMocker: mocker, fakeTimersModern: timers } = this.environment;
    const jest = {};
    for (const name of ['fn', 'spyOn', 'replaceProperty', 'restoreAllMocks']) jest[name] = mocker[name].bind(mocker);
    for (const name of ['advanceTimersByTime', 'advanceTimersByTimeAsync', 'getTimerCount', 'setSystemTime']) {
      jest[name] = timers[name].bind(timers);
    }
    Object.assign(jest, {
      // sockets and streams of Node wait by these
      useFakeTimers: (options) =>
        timers.useFakeTimers({ ...options, doNotFake: [...(options?.doNotFake ?? []), 'nextTick', 'queueMicrotask'] }),
      useRealTimers: () => timers.useRealTimers(),
    });
    Object.assign(current, globals, { jest });
  }

  unstable_shouldLoadAsEsm(path) {
    return !path.endsWith('.cjs');
  }

  unstable_importModule(path) {
    const { href } = pathToFileURL(path);
    return import(this.environment.wantsOwnModules ? `${href}?own=${(ownModules += 1)}` : href);
  }

  requireModule(path) {
    return require(path);
  }

  /** Jest's own part that keeps the tests of a file: each file gets a new one. */
  requireInternalModule(path) {
    const file = require.resolve(path);
    delete require.cache[file];
    return require(file);
  }

  getSourceMaps() {
    return new Map();
  }

  getAllCoverageInfoCopy() {
    return undefined;
  }

  enterTestCode() {}

  leaveTestCode() {}

  teardown() {}
}

module.exports = { __esModule: true, default: NativeRuntime, current };
