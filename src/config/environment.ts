import { readFileSync } from 'node:fs';
import { isOrigin, LOOPBACK_NAMES } from '../auth/admission/origin-options.js';
import { parsePolicies } from '../auth/authorization/kind-policies.js';
import { parseJwks } from '../auth/authentication/jwks.js';
import type { JwtOptions, KeySource } from '../auth/authentication/jwt.authenticator.js';
import { DEFAULT_CONNECTION_LIMITS, type ConnectionLimits } from '../auth/admission/connection-limiter.js';
import type { JSONWebKeySet } from 'jose';
import { ROLES } from '../auth/authorization/roles.js';
import { parseKinds } from '../kinds/kind-checks.js';
import type { AccountOptions, AtomeOptions, AtomeStaticOptions } from './module-options.js';
import { DEFAULT_ACCOUNT_OPTIONS, DEFAULT_HEAVY_LIMITS } from './module-options.js';
import { DEFAULT_SOCKET_OPTIONS } from './module-options.js';
import { readWebhooks } from './webhook-environment.js';
import { readBus } from './bus-environment.js';
import { ConfigError } from './config-error.js';
import { readDatabase } from './database-environment.js';
import { isLoopback, isSafeUrl } from './addresses.js';
import { readLog, type LogConfig } from './log-environment.js';
import { readUpstream } from './upstream-environment.js';
import { readMetrics } from './metrics-environment.js';
import { readWorkers } from './worker-environment.js';
import { readTraces } from './trace-environment.js';
import { MIN_SECRET_BYTES } from './option-checks.js';
import { VariableReader, type Environment, type Setting } from './variable-reader.js';
import { DEFAULT_FEED_OPTIONS } from '../feed/options.js';
import { NO_QUOTAS, type Quotas } from '../ledger/write/quotas.js';
import { DEFAULT_LIMITS } from '../protocol/index.js';

/** Everything that the environment says, checked. */
export interface Config extends LogConfig {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Whether Swagger UI and the OpenAPI document are served. */
  readonly docs: boolean;
  /** Where metrics are served, 0: on a free port; undefined: nowhere. That of `port` is the same server. */
  readonly metricsPort?: number;
  /** As how many processes it runs that answer at `port`. */
  readonly workers: number;
  /** How long `ready` says that the server is going down before it does, in milliseconds. */
  readonly drainDelayMs: number;
  /** Where traces are sent; undefined: nowhere. */
  readonly tracesTo?: string;
  readonly rates: Rates;
  readonly atome: AtomeOptions & AtomeStaticOptions & { readonly databaseUrl: string };
}

/** How many REST calls are taken; 0: as many as come. */
export interface Rates {
  /** From one principal, or from one address where nobody is known. */
  readonly perSecond: number;
  /** Without a token that is good, from one address. */
  readonly refusedPerMinute: number;
}

/** Exit code for a bad configuration (EX_CONFIG of sysexits.h). */
export const EX_CONFIG = 78;

export { ConfigError };

/** Reads one environment. @param onRead is told of each variable. @throws ConfigError */
export function readConfig(environment: Environment = process.env, onRead?: (setting: Setting) => void): Config {
  const problems: string[] = [];
  const read = new VariableReader(environment, problems, onRead);
  const host = read.text('HOST', '127.0.0.1', /^[A-Za-z0-9_.:-]+$/, 'a host name or address');
  const auth = read.choice('AUTH', 'off', ['off', 'off-insecure', 'jwt']);
  const jwt = auth === 'jwt' ? readJwt(read) : undefined;
  const policies = readFileOf(read, 'POLICIES_FILE', 'policies by kind', parsePolicies);
  const kinds = readFileOf(read, 'KINDS_FILE', 'options by kind', parseKinds);
  const kindsOnly = read.choice('KINDS_ONLY', 'off', ['off', 'on']) === 'on';
  if (kindsOnly && read.optional('KINDS_FILE') === undefined) read.refuse('KINDS_ONLY=on: needs KINDS_FILE');
  const accounts = read.choice('ACCOUNTS', 'off', ['off', 'on']) === 'on' ? readAccounts(read, jwt) : undefined;
  if (auth === 'off' && !isLoopback(host)) {
    problems.push(
      `HOST=${host} is reachable from other machines, and authentication is off: use AUTH=jwt or HOST=127.0.0.1, or say AUTH=off-insecure if everybody who can reach it may read and write everything`,
    );
  }
  const port = read.integer('PORT', 3001, 0, 65_535);
  const proxies = read.integer('TRUST_PROXY', 0, 0, 10);
  const metricsPort = readMetrics(read, { host, port, proxies });
  const config: Config = {
    host,
    port,
    ...(metricsPort !== undefined && { metricsPort }),
    ...readTraces(read),
    ...readLog(read),
    workers: readWorkers(read, { port, metricsPort }),
    drainDelayMs: read.integer('DRAIN_DELAY_MS', 0, 0, 600_000),
    docs: read.choice('DOCS', 'on', ['on', 'off']) === 'on',
    rates: {
      // without authentication only this machine can call, and everybody is the same
      perSecond: read.integer('RATE_LIMIT', auth === 'off' ? 0 : 1_000, 0, 1_000_000),
      refusedPerMinute: read.integer('REFUSED_PER_MINUTE', 60, 0, 1_000_000),
    },
    atome: {
      ...readDatabase(read),
      ...readBus(read),
      ...readUpstream(read),
      limits: {
        messageBytes: read.integer('MAX_MESSAGE_BYTES', DEFAULT_LIMITS.messageBytes, 1_024, 256 * 1024 * 1024),
        jsonDepth: read.integer('MAX_JSON_DEPTH', DEFAULT_LIMITS.jsonDepth, 4, 512),
        jsonNodes: read.integer('MAX_JSON_NODES', DEFAULT_LIMITS.jsonNodes, 100, 10_000_000),
        reasonChars: read.integer('MAX_REASON_CHARS', DEFAULT_LIMITS.reasonChars, 0, 100_000),
        presenceChars: read.integer('MAX_PRESENCE_CHARS', DEFAULT_LIMITS.presenceChars, 0, 1_000_000),
        pushOperations: read.integer('MAX_PUSH_OPERATIONS', DEFAULT_LIMITS.pushOperations, 1, 100_000),
      },
      socket: {
        messagesPerSecond: read.integer('MESSAGES_PER_SECOND', DEFAULT_SOCKET_OPTIONS.messagesPerSecond, 1, 1_000_000),
        messageBurst: read.integer('MESSAGE_BURST', DEFAULT_SOCKET_OPTIONS.messageBurst, 1, 1_000_000),
        heartbeatMs: read.integer('HEARTBEAT_MS', DEFAULT_SOCKET_OPTIONS.heartbeatMs, 100, 3_600_000),
        authMs: read.integer('AUTH_TIMEOUT_MS', DEFAULT_SOCKET_OPTIONS.authMs, 100, 60_000),
        deflate: read.choice('WS_DEFLATE', 'off', ['off', 'on']) === 'on',
      },
      ...(jwt && { jwt }),
      ...(policies && { policies }),
      ...(kinds && { kinds }),
      kindsOnly,
      webhooks: readWebhooks(read),
      ...(accounts && { accounts }),
      connections: readConnections(read, auth === 'off'),
      heavyCalls: {
        total: read.integer('HEAVY_CALLS', DEFAULT_HEAVY_LIMITS.total, 0, 1_000_000),
        perPrincipal: read.integer('HEAVY_CALLS_PER_PRINCIPAL', DEFAULT_HEAVY_LIMITS.perPrincipal, 0, 1_000_000),
      },
      quotas: readQuotas(read),
      queryScanLimit: read.integer('QUERY_SCAN_LIMIT', 0, 0, 1e12),
      memoryBudget: read.integer('MEMORY_BUDGET', 0, 0, 1e15 - 1),
      proxies,
      allowedOrigins: readOrigins(read, auth === 'jwt'),
      ...(auth === 'off' && {
        allowedHosts: [...LOOPBACK_NAMES, host.includes(':') ? `[${host}]` : host.toLowerCase()],
      }),
      feed: {
        unsentBytes: read.integer('UNSENT_BYTES', DEFAULT_FEED_OPTIONS.unsentBytes, 1_024, 64 * 1024 * 1024),
        pollMs: read.integer('HEAD_POLL_MS', DEFAULT_FEED_OPTIONS.pollMs, 10, 60_000),
      },
    },
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function readQuotas(read: VariableReader): Quotas {
  return {
    writesPerSecond: read.integer('TENANT_WRITES_PER_SECOND', NO_QUOTAS.writesPerSecond, 0, 1_000_000),
    writeBurst: read.integer('TENANT_WRITE_BURST', NO_QUOTAS.writeBurst, 1, 10_000_000),
    atomes: read.integer('TENANT_ATOMES', NO_QUOTAS.atomes, 0, 1e12),
    bytes: read.integer('TENANT_BYTES', NO_QUOTAS.bytes, 0, 1e15 - 1),
  };
}

function readConnections(read: VariableReader, isLocal: boolean): ConnectionLimits {
  return {
    total: read.integer('MAX_CONNECTIONS', DEFAULT_CONNECTION_LIMITS.total, 0, 10_000_000),
    // without authentication only this machine can connect
    perAddress: read.integer(
      'MAX_CONNECTIONS_PER_ADDRESS',
      isLocal ? 0 : DEFAULT_CONNECTION_LIMITS.perAddress,
      0,
      10_000_000,
    ),
    perPrincipal: read.integer('MAX_CONNECTIONS_PER_PRINCIPAL', DEFAULT_CONNECTION_LIMITS.perPrincipal, 0, 10_000_000),
    unauthenticated: read.integer('MAX_UNAUTHENTICATED', DEFAULT_CONNECTION_LIMITS.unauthenticated, 0, 10_000_000),
  };
}

function readOrigins(read: VariableReader, hasTokens: boolean): string[] {
  const origins = (read.optional('ALLOWED_ORIGINS') ?? '').split(',').map((origin) => origin.trim());
  const given = origins.filter((origin) => origin !== '');
  for (const origin of given.filter((each) => each !== '*' && !isOrigin(each))) {
    read.refuse(
      `ALLOWED_ORIGINS: "${origin}" is no origin; expected such as https://app.example or http://localhost:5173`,
    );
  }
  if (given.includes('*') && !hasTokens) {
    read.refuse('ALLOWED_ORIGINS=*: needs AUTH=jwt; without tokens every web page could do everything');
  }
  return given;
}

/** Who may sign tokens, and what they must say. */
function readJwt(read: VariableReader): JwtOptions | undefined {
  const claim = /^[\x21-\x7e]{1,100}$/;
  const keys = readKeys(read);
  const tenantClaim = read.text('AUTH_TENANT_CLAIM', 'tenant', claim, 'the name of a claim');
  const rolesClaim = read.text('AUTH_ROLES_CLAIM', 'roles', claim, 'the name of a claim');
  const groupsClaim = read.text('AUTH_GROUPS_CLAIM', 'groups', claim, 'the name of a claim');
  const issuer = read.optional('AUTH_ISSUER');
  const audience = read.optional('AUTH_AUDIENCE');
  return keys && { keys, tenantClaim, rolesClaim, groupsClaim, issuer, audience };
}

/** Accounts get tokens that this server signs, so it must have the secret that verifies them. */
function readAccounts(read: VariableReader, jwt: JwtOptions | undefined): AccountOptions {
  const { tenancy, role, accessTokenSeconds } = DEFAULT_ACCOUNT_OPTIONS;
  if (!jwt || !('secret' in jwt.keys)) {
    read.refuse(
      'ACCOUNTS=on: signs tokens of its own, and needs AUTH=jwt with AUTH_JWT_SECRET; it cannot sign with the keys of an identity provider',
    );
  }
  const accounts = {
    tenancy: read.choice('ACCOUNTS_TENANCY', tenancy, ['shared', 'own']),
    role: read.choice('ACCOUNTS_ROLE', role, ROLES),
    accessTokenSeconds: read.integer('ACCESS_TOKEN_TTL', accessTokenSeconds, 10, 86_400),
  };
  if (accounts.tenancy === 'shared' && accounts.role === 'admin') {
    read.refuse(
      'ACCOUNTS_ROLE=admin: everybody who registers would administer the tenant of all; use ACCOUNTS_TENANCY=own, or another role',
    );
  }
  return accounts;
}

/** Exactly one source of keys. What these variables hold is not repeated: it may be a secret in the wrong place. */
function readKeys(read: VariableReader): KeySource | undefined {
  const secret = read.optional('AUTH_JWT_SECRET');
  const jwksUrl = read.optional('AUTH_JWKS_URL');
  const jwksFile = read.optional('AUTH_JWKS_FILE');
  if ([secret, jwksUrl, jwksFile].filter((source) => source !== undefined).length !== 1) {
    read.refuse('AUTH=jwt: expected exactly one of AUTH_JWT_SECRET, AUTH_JWKS_URL, AUTH_JWKS_FILE');
  }
  if (secret !== undefined && Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    read.refuse(
      `AUTH_JWT_SECRET: expected at least ${MIN_SECRET_BYTES} bytes, such as those of: openssl rand -base64 48`,
    );
  }
  if (jwksUrl !== undefined && !isSafeUrl(jwksUrl)) {
    read.refuse('AUTH_JWKS_URL: expected an https:// address, without user and password');
  }
  const jwks = jwksFile === undefined ? undefined : readJwks(jwksFile, read);
  if (secret !== undefined) return { secret };
  if (jwksUrl !== undefined) return { jwksUrl };
  return jwks && { jwks, file: jwksFile };
}

function readJwks(path: string, read: VariableReader): JSONWebKeySet | undefined {
  try {
    return parseJwks(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    read.refuse(`AUTH_JWKS_FILE: expected a readable JSON Web Key Set, but ${code ?? message}`);
    return undefined;
  }
}

/** What a file holds that a variable names; undefined where there is none, or where it is refused. */
function readFileOf<T>(
  read: VariableReader,
  name: string,
  expected: string,
  parse: (text: string) => T,
): T | undefined {
  const path = read.optional(name);
  if (path === undefined) return undefined;
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // what a parser says quotes the file, line by line
    const why = (code ?? message).replace(/\s+/g, ' ');
    read.refuse(`${name}: expected a readable JSON file of ${expected}, but ${path}: ${why}`);
    return undefined;
  }
}
