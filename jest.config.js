import { OPTIONS } from './test/support/jest/typescript.mjs';

/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/{src,client/src,test}/**/*.spec.ts'],
  // test files are plain modules of Node, and share what they load
  runtime: '<rootDir>/test/support/jest/runtime.cjs',
  testEnvironment: '<rootDir>/test/support/jest/environment.cjs',
  injectGlobals: false,
  // for what hangs: how long a test takes says more of the machine than of the code
  testTimeout: 240_000,
  maxWorkers: 2,
  // its default is half a second, which a busy machine takes to end a worker that holds nothing
  workerGracefulExitTimeout: 10_000,
  // what tests leave adds up; a worker that has grown is replaced, or it would collect garbage all day
  workerIdleMemoryLimit: '800MB',
  globalSetup: '<rootDir>/test/support/databases/postgres.setup.ts',
  globalTeardown: '<rootDir>/test/support/databases/postgres.teardown.ts',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/client/dist/', '<rootDir>/.*/node_modules/'],
  // what Jest itself loads before any test
  transform: { '\\.ts$': ['@swc/jest', OPTIONS] },
};
