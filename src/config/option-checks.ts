import { DEFAULT_CONNECTION_LIMITS } from '../auth/admission/connection-limiter.js';
import { BUS_EXPECTED, BUS_PATTERN } from '../bus/open-transport.js';
import { SCHEMA_PATTERN } from '../database/tables.js';
import { DEFAULT_FEED_OPTIONS } from '../feed/options.js';
import { kindProblems } from '../kinds/kind-checks.js';
import { DEFAULT_POSTGRES_LIMITS } from '../ledger/stores/postgres/postgres.limits.js';
import { NO_QUOTAS } from '../ledger/write/quotas.js';
import { DEFAULT_LIMITS } from '../protocol/index.js';
import { urlOf } from './shared-database.js';
import { ConfigError } from './config-error.js';
import {
  DEFAULT_HEAVY_LIMITS,
  DEFAULT_SOCKET_OPTIONS,
  DEFAULT_WEBHOOK_OPTIONS,
  type AtomeOptions,
  type AtomeStaticOptions,
} from './module-options.js';

/* What an application hands to the module, checked as the server checks its environment. Code without types may hand over anything. */

/** RFC 7518 §3.2: a key of the size of the hash, or larger. */
export const MIN_SECRET_BYTES = 32;

/** What is wrong with a value, by the names of what is wrong in it; the name of the value itself is ''. */
type Check = (value: unknown) => readonly (readonly [name: string, expected: string])[];

const is =
  (expected: string, test: (value: unknown) => boolean): Check =>
  (value) =>
    test(value) ? [] : [['', `expected ${expected}`]];

const text = is('a text that is not empty', (value) => typeof value === 'string' && value !== '');
const list = is(
  'an array of texts',
  (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
);
const flag = is('true or false', (value) => typeof value === 'boolean');
const functions = is('a function', (value) => typeof value === 'function');
const wholeFrom = (least: number): Check =>
  is(`a whole number of at least ${least}`, (value) => Number.isSafeInteger(value) && (value as number) >= least);

/** Some of these, each of which passes its check; others there are not. */
function some(checks: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [['', 'expected an object']];
    return Object.entries(value).flatMap(([key, each]) => {
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
      if (!check) return [[key, `there is no such option; there are ${Object.keys(checks).join(', ')}`] as const];
      // what is left out has its default, also where that is said
      if (each === undefined) return [];
      return check(each).map(([inner, expected]) => [inner === '' ? key : `${key}.${inner}`, expected] as const);
    });
  };
}

/** Numbers and flags like the defaults, and perhaps more. */
function like(defaults: object, least: number, more: Readonly<Record<string, Check>> = {}): Check {
  const entries = Object.entries(defaults).map(
    ([key, value]) => [key, typeof value === 'boolean' ? flag : wholeFrom(least)] as const,
  );
  return some({ ...Object.fromEntries(entries), ...more });
}

const isSecret = (value: unknown): boolean => typeof value === 'string' && Buffer.byteLength(value) >= MIN_SECRET_BYTES;

/** The secret itself is never said again. */
const keys: Check = (value) => {
  const sources = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const given = ['secret', 'jwksUrl', 'jwks'].filter((name) => name in sources);
  if (given.length !== 1) return [['', 'expected exactly one of secret, jwksUrl and jwks']];
  const { secret, jwksUrl, jwks } = sources;
  if (given[0] === 'secret') {
    return isSecret(secret)
      ? []
      : [['secret', `expected at least ${MIN_SECRET_BYTES} bytes, such as those of: openssl rand -base64 48`]];
  }
  if (given[0] === 'jwksUrl') {
    return typeof jwksUrl === 'string' && URL.canParse(jwksUrl) ? [] : [['jwksUrl', 'expected an https:// address']];
  }
  const isSet = typeof jwks === 'object' && jwks !== null && Array.isArray((jwks as { keys?: unknown }).keys);
  return isSet ? [] : [['jwks', 'expected a JSON Web Key Set']];
};

const jwt = some({
  keys,
  issuer: text,
  audience: text,
  tenantClaim: text,
  rolesClaim: text,
  groupsClaim: text,
});

const CHECKS: Readonly<Record<keyof (AtomeOptions & AtomeStaticOptions), Check>> = {
  databaseUrl: is('sqlite:<path>, sqlite::memory: or postgres://user:password@host:port/database', (value) =>
    /^(?:sqlite:.+|postgres(?:ql)?:\/\/.+)$/.test(String(value)),
  ),
  databaseSchema: is('a name for a schema of PostgreSQL, in lower case, such as atome', (value) =>
    SCHEMA_PATTERN.test(String(value)),
  ),
  dataSource: is(
    'a DataSource of TypeORM',
    (value) => typeof (value as { createQueryRunner?: unknown } | null)?.createQueryRunner === 'function',
  ),
  bus: is(BUS_EXPECTED, (value) => BUS_PATTERN.test(String(value))),
  busCredentials: text,
  busCa: text,
  upstream: some({ url: is('wss://…', (value) => /^wss?:\/\/./.test(String(value))), token: functions, tenant: text }),
  postgres: like(DEFAULT_POSTGRES_LIMITS, 1, { readUrl: text }),
  retention: some({
    keepMs: wholeFrom(0),
    consumersExpireMs: wholeFrom(0),
    archiveFolder: text,
    ledgerKey: is(`at least ${MIN_SECRET_BYTES} bytes, such as those of: openssl rand -base64 48`, isSecret),
  }),
  limits: like(DEFAULT_LIMITS, 0),
  socket: like(DEFAULT_SOCKET_OPTIONS, 1),
  feed: like(DEFAULT_FEED_OPTIONS, 1),
  jwt: (value) => {
    const problems = jwt(value);
    const { keys: given, tenantClaim, rolesClaim } = (value ?? {}) as Record<string, unknown>;
    if (problems.length > 0) return problems;
    const missing = Object.entries({ keys: given, tenantClaim, rolesClaim }).filter(([, each]) => each === undefined);
    return missing.map(([name]) => [name, 'is needed']);
  },
  authenticate: functions,
  policies: is('an object', (value) => typeof value === 'object' && value !== null),
  authorize: functions,
  kinds: kindProblems,
  kindsOnly: flag,
  migrate: flag,
  allowedOrigins: list,
  allowedHosts: list,
  checkOrigins: flag,
  requireWriteHeader: is("true, false or 'browsers'", (value) => typeof value === 'boolean' || value === 'browsers'),
  quotas: like(NO_QUOTAS, 0),
  connections: like(DEFAULT_CONNECTION_LIMITS, 0),
  heavyCalls: like(DEFAULT_HEAVY_LIMITS, 0),
  queryScanLimit: wholeFrom(0),
  memoryBudget: wholeFrom(0),
  proxies: wholeFrom(0),
  accessLog: flag,
  path: is('a path such as objects', (value) => typeof value === 'string' && /^\/?[\w.~-]+(\/[\w.~-]+)*$/.test(value)),
  wsPath: is('a path such as /ws/atome-sync', (value) => typeof value === 'string' && /^\/[^\s?#]*$/.test(value)),
  ws: flag,
  rest: flag,
  audit: flag,
  userData: flag,
  schema: flag,
  webhooks: (value) => (typeof value === 'boolean' ? [] : like(DEFAULT_WEBHOOK_OPTIONS, 1)(value)),
  isGlobal: flag,
  accounts: some({
    tenancy: is("'shared' or 'own'", (value) => value === 'shared' || value === 'own'),
    role: text,
    accessTokenSeconds: wholeFrom(10),
  }),
};

/**
 * The options themselves.
 * @throws ConfigError that names each that does not fit, and what is expected of it.
 */
export function checkedOptions<T extends AtomeOptions & AtomeStaticOptions>(options: T): T {
  const problems = some(CHECKS)(options).map(([name, expected]) => `${name}: ${expected}`);
  // an application that reads it from its environment may have forgotten to set it there
  if (Object.hasOwn(options, 'databaseUrl') && options.databaseUrl === undefined) {
    problems.push('databaseUrl: is given and undefined; leave it out for a SQLite file in ./data');
  }
  const { databaseUrl, dataSource } = options;
  if (dataSource?.options && databaseUrl === undefined && urlOf(dataSource) === undefined) {
    problems.push('databaseUrl: is needed beside a dataSource that is told more than an address says, or is in memory');
  }
  if (options.rest === false && options.accounts) problems.push('accounts: need routes; leave out rest: false');
  if (options.kindsOnly && !options.kinds) problems.push('kindsOnly: needs kinds; no atome could be of any');
  if (problems.length > 0) throw new ConfigError(problems);
  return options;
}
