/* The surroundings of a test file: those of the process, which it leaves as it has found them. */
const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');
const { remember } = require('./surroundings.cjs');

module.exports = class NativeEnvironment {
  constructor({ projectConfig }, { docblockPragmas }) {
    /** For those that begin with `@ownModules`: what others have loaded would show. */
    this.wantsOwnModules = 'ownModules' in docblockPragmas;
    this.global = globalThis;
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimers = null;
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    this.restore = remember();
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
    this.restore();
    return Promise.resolve();
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return null;
  }
};
