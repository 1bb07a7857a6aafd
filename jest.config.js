/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/{src,client/src,test}/**/*.spec.ts'],
  testEnvironment: 'node',
  injectGlobals: false,
  // for what hangs: how long a test takes says more of the machine than of the code
  testTimeout: 240_000,
  maxWorkers: 2,
  // Node keeps the modules of ended test files; a worker that has grown is replaced, or it would collect garbage all day.
  workerIdleMemoryLimit: '800MB',
  globalSetup: '<rootDir>/test/support/databases/postgres.setup.ts',
  globalTeardown: '<rootDir>/test/support/databases/postgres.teardown.ts',
  // Native ES modules: run with `node --experimental-vm-modules`, as `npm test` does.
  extensionsToTreatAsEsm: ['.ts'],
  // Sources import `./x.js` and mean `./x.ts`; `js` stands first so that packages still get their own files.
  moduleNameMapper: {
    // what is not here for everybody is here, and Jest cannot require ES modules
    '/api-decorators\\.js$': '@nestjs/swagger',
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@atome-sync/server$': '<rootDir>/src/index.ts',
  },
  moduleFileExtensions: ['js', 'ts', 'mjs', 'cjs', 'json', 'node'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/client/dist/', '<rootDir>/.*/node_modules/'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: {
            legacyDecorator: true,
            decoratorMetadata: true,
            useDefineForClassFields: false,
            verbatimModuleSyntax: true,
          },
        },
      },
    ],
  },
};
