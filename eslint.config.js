import js from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { flatConfigs, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const PROJECTS = ['./tsconfig.test.json', './client/console/tsconfig.json'];
const SPECS = ['**/*.spec.ts', 'test/**'];
/** The longest function of each file of the client that holds a closure with state. */
const CLOSURES = {
  'connection/connection': 170,
  'offline/client': 110,
  'offline/engine': 165,
  'offline/persistence': 95,
  'offline/replica': 190,
  'offline/sender': 190,
  'query/live-result': 95,
  'query/queries': 125,
  'storage/indexeddb/commit-log': 95,
  'storage/indexeddb/indexeddb-store': 145,
};
const PRODUCT = ['src/**/*.ts', 'client/src/**/*.{ts,tsx}', 'client/console/src/**/*.{ts,tsx}'];
/* A migration is what a database has run: it is not reshaped afterwards. */
const MIGRATIONS = 'src/database/migrations/**';

/* Which room of src may import which: those of the rows below its own. A room without a row imports what it likes. */
const ROWS = [
  'app cli',
  'compat',
  'atome',
  'webhooks',
  'sync accounts compliance ops consumers',
  'edge',
  'realtime',
  'application',
  'http',
  'config',
  'kinds',
  'feed bus',
  'auth',
  'ledger',
  'database',
  'protocol',
].map((row) => row.split(' '));

const layerZones = ROWS.flatMap((row, index) => {
  const below = ROWS.slice(index + 1).flat();
  return row.map((room) => ({
    target: `./src/${room}`,
    from: './src',
    except: [room, ...below, ...(below.length > 0 ? ['version.ts', 'api-decorators.ts'] : [])].map(
      (path) => `./${path}`,
    ),
    message: `src/${room} may import ${below.join(', ') || 'nothing'}`,
  }));
});

const CLIENT_USER = 'it is a plain user of the client: import its public index';
const zones = [
  ...layerZones,
  { target: './src', from: ['./client', './examples', './bench'], message: 'the server knows no client' },
  {
    target: ['./src', './test'],
    from: ['./src/main.ts', './src/app/server.ts'],
    message: 'main is the start, not a library',
  },
  { target: './client', from: './src', except: ['./protocol'], message: 'the client shares src/protocol alone' },
  {
    target: ['./client/src/!(react).ts', './client/src/*/**'],
    from: './client/src/react.ts',
    message: 'React is an extra on top of the client',
  },
  {
    target: './client/src/{react,query-state}.ts',
    from: './client/src',
    except: ['./react.ts', './query-state.ts', './index.ts'],
    message: CLIENT_USER,
  },
  { target: './client/src/{react,query-state}.ts', from: './src', message: CLIENT_USER },
  ...['async-docs', 'console', 'examples'].flatMap((folder) => [
    { target: `./client/${folder}`, from: './client/src', except: ['./index.ts', './where.ts'], message: CLIENT_USER },
    { target: `./client/${folder}`, from: './src', message: CLIENT_USER },
  ]),
  {
    target: ['./src', './client', './test', './examples'],
    from: './ormconfig.ts',
    message: 'only the TypeORM CLI reads it',
  },
];
const notTests = ['./test', './src/**/*.spec.ts', './client/**/*.spec.ts'].map((from) => ({
  target: ['./src', './client', './examples', './ormconfig.ts'],
  from,
  message: 'only specs import tests',
}));

/* What scripts that TypeScript does not check may take from their surroundings. */
const globalsOf = (names) => Object.fromEntries(names.split(' ').map((name) => [name, 'readonly']));
const SHARED_GLOBALS = 'console URL fetch setTimeout clearTimeout setInterval clearInterval AbortController crypto';
const NODE_GLOBALS = globalsOf(`${SHARED_GLOBALS} process Buffer performance setImmediate`);
const BROWSER_GLOBALS = globalsOf(
  `${SHARED_GLOBALS} window document location history navigator localStorage sessionStorage WebSocket performance requestAnimationFrame cancelAnimationFrame`,
);

const ENV_MESSAGE = 'config/environment.ts and process-environment.ts are the only readers of the environment';
const ENVIRONMENT = { name: 'node:process', message: ENV_MESSAGE };
const SHORT_TIMERS = {
  name: 'node:timers/promises',
  importNames: ['setTimeout', 'scheduler', 'default'],
  message: 'wait with ledger/elapse.ts, which lets the event loop turn before what comes next',
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/coverage/**', '**/data/**', 'client/**/*.min.js', 'src/http/schemas.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: PROJECTS, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // An arrow function that calls is as short as what it calls.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // With `noUncheckedIndexedAccess` each index in bounds needs one.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Documents and their stamps are objects by key.
      '@typescript-eslint/no-dynamic-delete': 'off',
      // What listens to nothing is an empty function.
      '@typescript-eslint/no-empty-function': 'off',
      // Decorator metadata needs the annotation.
      '@typescript-eslint/no-inferrable-types': 'off',
      // Nest declares its options as classes and takes literals.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      // An index signature with a name says what its keys are.
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.js', '**/*.mjs', '**/*.cjs'],
    plugins: { 'import-x': importX },
    settings: {
      ...flatConfigs.typescript.settings,
      'import-x/resolver-next': [createTypeScriptImportResolver({ project: PROJECTS, noWarnOnMultipleProjects: true })],
    },
    rules: {
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-restricted-paths': ['error', { zones: [...zones, ...notTests] }],
    },
  },
  {
    files: PRODUCT,
    ignores: [...SPECS, MIGRATIONS],
    rules: {
      'max-params': ['error', 4],
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', 80],
    },
  },
  // Nest hands each part of a request (id, query, body, headers, principal) to a parameter with a decorator of its own.
  {
    files: ['src/**/*.controller.ts'],
    rules: {
      'max-params': ['error', 5],
      'no-restricted-syntax': [
        'error',
        { selector: "MethodDefinition[kind='constructor'][value.params.length>4]", message: 'At most 4 parameters.' },
      ],
    },
  },
  // A closure is the class of the client: its private names are made short in the bundle, those of a class are not.
  ...Object.entries(CLOSURES).map(([file, lines]) => ({
    files: [`client/src/${file}.ts`],
    rules: { 'max-lines-per-function': ['error', lines] },
  })),
  { files: ['*.js', '**/*.mjs', '**/*.cjs', 'bench/**/*.js'], languageOptions: { globals: NODE_GLOBALS } },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: { __filename: 'readonly' } } },
  {
    files: ['client/{async-docs,examples}/**/*.js', 'bench/load/*-page.js'],
    languageOptions: { globals: BROWSER_GLOBALS },
  },
  {
    files: [...PRODUCT, 'ormconfig.ts'],
    ignores: ['src/config/{environment,process-environment}.ts', 'client/src/core/frozen.ts', ...SPECS],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: ENV_MESSAGE }],
      'no-restricted-imports': ['error', ENVIRONMENT, SHORT_TIMERS],
    },
  },
  // Where nobody is served meanwhile.
  {
    files: ['src/{cli,database}/**/*.ts', 'src/ledger/elapse.ts'],
    ignores: SPECS,
    rules: { 'no-restricted-imports': ['error', ENVIRONMENT] },
  },
  {
    files: ['src/protocol/**/*.ts'],
    ignores: SPECS,
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '^[^.]', message: 'the leaf imports nothing' }] }],
      'no-restricted-globals': ['error', 'process', 'Buffer', 'require', 'window', 'document'],
    },
  },
  {
    files: SPECS,
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      // `expect.any` and its like are of no type.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // What stands in for something asynchronous need not wait.
      '@typescript-eslint/require-await': 'off',
    },
  },
);
