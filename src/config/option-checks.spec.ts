import { describe, expect, it } from '@jest/globals';
import { ConfigError } from './config-error.js';
import { checkedOptions, MIN_SECRET_BYTES } from './option-checks.js';

const SECRET = 's'.repeat(MIN_SECRET_BYTES);
const claims = { tenantClaim: 'tenant', rolesClaim: 'roles' };

function problemsOf(options: object): readonly string[] {
  try {
    checkedOptions(options);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('options of the module', () => {
  it.each<[object, string]>([
    [{ databaseUrl: 'postgress://app:s3cret@db/app' }, 'databaseUrl'],
    [{ databaseUrl: ' postgres://app:s3cret@db/app' }, 'databaseUrl'],
    [{ databaseUrl: 7 }, 'databaseUrl'],
    [{ databaseUrl: undefined }, 'databaseUrl'],
    [{ databseUrl: 'sqlite::memory:' }, 'databseUrl'],
    [{ databaseSchema: 'A b' }, 'databaseSchema'],
    [{ databaseSchema: 7 }, 'databaseSchema'],
    [{ limits: { messageBytes: -1 } }, 'limits.messageBytes'],
    [{ limits: { jsonDepth: NaN } }, 'limits.jsonDepth'],
    [{ limits: { messageByte: 1 } }, 'limits.messageByte'],
    [{ limits: 5 }, 'limits'],
    [{ socket: { heartbeatMs: 'abc' } }, 'socket.heartbeatMs'],
    [{ socket: { deflate: 1 } }, 'socket.deflate'],
    [{ feed: { pollMs: 0 } }, 'feed.pollMs'],
    [{ quotas: { bytes: Infinity } }, 'quotas.bytes'],
    [{ connections: { total: 1.5 } }, 'connections.total'],
    [{ postgres: { writes: '4' } }, 'postgres.writes'],
    [{ proxies: '1' }, 'proxies'],
    [{ wsPath: 'live' }, 'wsPath'],
    [{ wsPath: '/live?x' }, 'wsPath'],
    [{ allowedOrigins: 'https://a.example' }, 'allowedOrigins'],
    [{ checkOrigins: 'no' }, 'checkOrigins'],
    [{ authorize: true }, 'authorize'],
    [{ policies: 'all' }, 'policies'],
    [{ kinds: [] }, 'kinds'],
    [{ kinds: { note: { schema: { tipe: 'object' } } } }, 'kinds.note.schema'],
    [{ kindsOnly: true }, 'kindsOnly'],
    [{ accounts: { tenancy: 'mine' } }, 'accounts.tenancy'],
    [{ jwt: {} }, 'jwt.keys'],
    [{ jwt: { secret: SECRET } }, 'jwt.secret'],
    [{ jwt: { keys: {}, ...claims } }, 'jwt.keys'],
    [{ jwt: { keys: { secret: SECRET, jwksUrl: 'https://id.example' }, ...claims } }, 'jwt.keys'],
    [{ jwt: { keys: { secret: undefined }, ...claims } }, 'jwt.keys.secret'],
    [{ jwt: { keys: { secret: 's'.repeat(MIN_SECRET_BYTES - 1) }, ...claims } }, 'jwt.keys.secret'],
    [{ jwt: { keys: { jwksUrl: 'nope' }, ...claims } }, 'jwt.keys.jwksUrl'],
    [{ jwt: { keys: { jwks: [] }, ...claims } }, 'jwt.keys.jwks'],
    [{ jwt: { keys: { secret: SECRET }, tenantClaim: '', rolesClaim: 'roles' } }, 'jwt.tenantClaim'],
    [{ jwt: { keys: { secret: SECRET } } }, 'jwt.tenantClaim'],
  ])('%j are refused by the name of what does not fit, and no secret is said', (options, name) => {
    const [first] = problemsOf(options);
    expect(first).toMatch(new RegExp(`^${name.replaceAll('.', '\\.')}: `));
    expect(first).not.toMatch(/s3cret|sss/);
  });

  it('are told with all that does not fit at once', () => {
    expect(problemsOf({ proxies: -1, wsPath: '', quotas: { atomes: null } })).toHaveLength(3);
  });

  it.each([
    {},
    { databaseUrl: 'sqlite::memory:', limits: {}, quotas: { bytes: undefined }, jwt: undefined },
    {
      databaseUrl: 'postgresql://app@db/app',
      proxies: 1,
      wsPath: '/v1/live',
      allowedHosts: ['*'],
      checkOrigins: false,
    },
    { jwt: { keys: { secret: SECRET }, ...claims }, accounts: {}, requireWriteHeader: 'browsers' as const },
    {
      jwt: {
        keys: { jwksUrl: 'https://id.example/keys' },
        issuer: 'https://id.example',
        audience: undefined,
        ...claims,
      },
    },
    { jwt: { keys: { jwks: { keys: [] } }, groupsClaim: 'g', ...claims }, authorize: () => undefined },
  ])('%j are taken', (options) => {
    expect(checkedOptions(options)).toBe(options);
  });
});
