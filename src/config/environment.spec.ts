import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfig, type ConfigError } from './environment.js';

const SECRET = 'a secret of at least thirty-two bytes';

/** What is wrong with an environment; empty when nothing is. */
function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('the configuration of authentication', () => {
  const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'keys-'));
    writeFileSync(join(folder, 'good.json'), JSON.stringify({ keys: [jwk] }));
    writeFileSync(join(folder, 'bad.json'), 'canary');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is off by default, and then nothing else is read', () => {
    expect(readConfig({ AUTH_JWKS_FILE: '/nowhere' }).atome.jwt).toBeUndefined();
  });

  it('takes a secret, and default names for the claims', () => {
    expect(readConfig({ AUTH: 'jwt', AUTH_JWT_SECRET: SECRET }).atome.jwt).toEqual({
      keys: { secret: SECRET },
      tenantClaim: 'tenant',
      rolesClaim: 'roles',
      groupsClaim: 'groups',
    });
  });

  it('allows an address that others can reach', () => {
    expect(problemsOf({ AUTH: 'jwt', AUTH_JWT_SECRET: SECRET, HOST: '0.0.0.0' })).toEqual([]);
  });

  it('takes a file of keys', () => {
    const config = readConfig({ AUTH: 'jwt', AUTH_JWKS_FILE: join(folder, 'good.json') });
    expect(config.atome.jwt?.keys).toEqual({
      jwks: { keys: [jwk] },
      file: join(folder, 'good.json'),
    });
  });

  it('takes all that a token must say', () => {
    const config = readConfig({
      AUTH: 'jwt',
      AUTH_JWKS_URL: 'https://id.example/keys',
      AUTH_ISSUER: 'https://id.example',
      AUTH_AUDIENCE: 'atome-sync',
      AUTH_TENANT_CLAIM: 'https://id.example/org',
      AUTH_ROLES_CLAIM: 'scope',
      AUTH_TIMEOUT_MS: '1000',
    });
    expect(config.atome).toMatchObject({
      jwt: {
        keys: { jwksUrl: 'https://id.example/keys' },
        issuer: 'https://id.example',
        audience: 'atome-sync',
        tenantClaim: 'https://id.example/org',
        rolesClaim: 'scope',
      },
      socket: { authMs: 1_000 },
    });
  });

  it.each(['https://id.example/keys', 'http://localhost:8080/keys', 'http://127.0.0.1/keys', 'http://[::1]:1/keys'])(
    'takes keys from %s',
    (AUTH_JWKS_URL) => expect(problemsOf({ AUTH: 'jwt', AUTH_JWKS_URL })).toEqual([]),
  );

  it.each([
    'http://id.example/keys',
    'http://localhost.evil.example/keys',
    'http://127.0.0.1.evil.example/keys',
    'https://canary:canary@id.example/keys',
    'https://',
    'file:///etc/keys.json',
    'keys.json',
  ])('takes no keys from %s', (AUTH_JWKS_URL) => {
    const problems = problemsOf({ AUTH: 'jwt', AUTH_JWKS_URL });
    expect(problems).toEqual([expect.stringMatching(/^AUTH_JWKS_URL: /)]);
    expect(problems[0]).not.toContain('canary');
  });

  it.each([
    ['bad.json', 'not a JSON Web Key Set'],
    ['missing.json', 'ENOENT'],
    ['', 'EISDIR'],
  ])('takes no keys from the file "%s"', (name, reason) => {
    const problems = problemsOf({ AUTH: 'jwt', AUTH_JWKS_FILE: join(folder, name) });
    expect(problems).toEqual([expect.stringContaining(reason)]);
    expect(problems[0]).not.toContain('canary');
  });

  it.each([
    ['policies.json', []],
    ['canary.json', ['the policy of "note" has a wrong access']],
    ['missing.json', ['ENOENT']],
  ])('takes policies from the file "%s"', (name, reasons) => {
    writeFileSync(join(folder, 'policies.json'), '{"note":{"access":"private"}}');
    writeFileSync(join(folder, 'canary.json'), '{"note":{"access":"canary"}}');
    const environment = { POLICIES_FILE: join(folder, name) };
    expect(problemsOf(environment)).toEqual(reasons.map((reason) => expect.stringContaining(reason)));
    if (reasons.length === 0) expect(readConfig(environment).atome.policies).toEqual({ note: { access: 'private' } });
  });

  it.each([
    ['kinds.json', []],
    ['no-json.json', ['no-json.json: it is not JSON: ']],
    ['no-kinds.json', ['no-kinds.json: note.schema: strict mode: unknown keyword: "tipe"']],
    ['missing.json', ['missing.json: ENOENT']],
  ])('takes kinds from the file "%s"', (name, reasons) => {
    writeFileSync(join(folder, 'kinds.json'), '{"note":{"readonly":["total"]}}');
    writeFileSync(join(folder, 'no-json.json'), '{');
    writeFileSync(join(folder, 'no-kinds.json'), '{"note":{"schema":{"tipe":"object"}}}');
    const environment = { KINDS_FILE: join(folder, name), KINDS_ONLY: 'on' };
    expect(problemsOf(environment)).toEqual(reasons.map((reason) => expect.stringContaining(reason)));
    if (reasons.length > 0) return;
    expect(readConfig(environment).atome).toMatchObject({ kinds: { note: { readonly: ['total'] } }, kindsOnly: true });
    expect(problemsOf({ KINDS_ONLY: 'on' })).toEqual(['KINDS_ONLY=on: needs KINDS_FILE']);
  });

  it.each<[string, Record<string, string>, string[]]>([
    ['no keys', {}, ['AUTH=jwt']],
    ['two sources of keys', { AUTH_JWT_SECRET: SECRET, AUTH_JWKS_URL: 'https://id.example/' }, ['AUTH=jwt']],
    ['a short secret', { AUTH_JWT_SECRET: 'short' }, ['AUTH_JWT_SECRET']],
    ['31 bytes', { AUTH_JWT_SECRET: 'x'.repeat(31) }, ['AUTH_JWT_SECRET']],
    ['32 bytes', { AUTH_JWT_SECRET: 'é'.repeat(16) }, []],
    ['no time at all', { AUTH_JWT_SECRET: SECRET, AUTH_TIMEOUT_MS: '0' }, ['AUTH_TIMEOUT_MS=0']],
    ['an unknown way', { AUTH: 'on' }, ['AUTH=on']],
  ])('with %s', (_what, environment, names) => {
    const problems = problemsOf({ AUTH: 'jwt', ...environment });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(names);
  });
});

describe('the schema of the database', () => {
  it('takes the ways that servers tell each other of their writes', () => {
    const DATABASE_URL = 'postgres://u@db/atome';
    for (const BUS of ['off', 'postgres', 'postgres://u:p@db:5432/atome', 'nats://u:p@bus:4222', 'tls://bus:4222']) {
      expect(readConfig({ DATABASE_URL, BUS }).atome.bus).toBe(BUS);
    }
    expect(readConfig({ DATABASE_URL }).atome).not.toHaveProperty('bus');
    for (const BUS of ['on', 'redis://bus', 'nats://', 'https://user:secret@bus']) {
      const [problem] = problemsOf({ BUS });
      expect(problem).toContain('BUS: expected off, postgres');
      expect(problem).not.toContain('secret');
    }
    expect(problemsOf({ BUS: 'postgres' })).toEqual([expect.stringContaining('needs DATABASE_URL=postgres://')]);
    for (const name of ['BUS_CREDENTIALS', 'BUS_CA']) {
      expect(problemsOf({ [name]: '/nowhere' })).toEqual([`${name}=/nowhere: there is no such file`]);
    }
  });

  it('is not named by default, and one that needs no quotes otherwise', () => {
    expect(readConfig({}).atome).not.toHaveProperty('databaseSchema');
    expect(readConfig({ DATABASE_SCHEMA: 'sync_1' }).atome.databaseSchema).toBe('sync_1');
    for (const DATABASE_SCHEMA of ['Sync', '1a', 'a-b', 'pg_a', 'a'.repeat(64)]) {
      expect(problemsOf({ DATABASE_SCHEMA })).toEqual([
        expect.stringContaining(`DATABASE_SCHEMA=${DATABASE_SCHEMA}: `),
      ]);
    }
  });
});

describe('the configuration of origins', () => {
  const TOKENS = { AUTH: 'jwt', AUTH_JWT_SECRET: SECRET };

  it('is an empty list by default, and the names of this machine while authentication is off', () => {
    const { allowedOrigins, allowedHosts } = readConfig({ HOST: '127.0.0.2' }).atome;
    expect(allowedOrigins).toEqual([]);
    expect(allowedHosts).toEqual(['localhost', '127.0.0.1', '[::1]', '127.0.0.2']);
    expect(readConfig({ HOST: '::1' }).atome.allowedHosts).toContain('[::1]');
  });

  it('lets every name be used where authentication is on, or is off by name', () => {
    expect(readConfig(TOKENS).atome.allowedHosts).toBeUndefined();
    expect(readConfig({ AUTH: 'off-insecure', HOST: '0.0.0.0' }).atome.allowedHosts).toBeUndefined();
  });

  it('takes origins as browsers write them', () => {
    const origins = ['https://app.example', 'http://localhost:5173', 'http://[::1]:80', 'tauri://localhost'];
    const { allowedOrigins } = readConfig({ ALLOWED_ORIGINS: ` ${origins.join(' , ')},` }).atome;
    expect(allowedOrigins).toEqual(origins);
  });

  it.each(['https://app.example/', 'https://App.example', 'app.example', 'https://*.example', 'https://a@b', 'null'])(
    'refuses what is none: %s',
    (origin) => {
      expect(problemsOf({ ALLOWED_ORIGINS: `https://app.example,${origin}` })).toEqual([
        expect.stringContaining(`ALLOWED_ORIGINS: "${origin}" is no origin`),
      ]);
    },
  );

  it('allows all pages only where each call needs a token', () => {
    expect(readConfig({ ...TOKENS, ALLOWED_ORIGINS: '*' }).atome.allowedOrigins).toEqual(['*']);
    for (const AUTH of ['off', 'off-insecure']) {
      expect(problemsOf({ AUTH, ALLOWED_ORIGINS: '*' })).toEqual([expect.stringContaining('AUTH=jwt')]);
    }
  });
});

describe('the configuration of accounts', () => {
  const ON = { AUTH: 'jwt', AUTH_JWT_SECRET: SECRET, ACCOUNTS: 'on' };

  it('is off by default', () => {
    expect(readConfig({ AUTH: 'jwt', AUTH_JWT_SECRET: SECRET }).atome.accounts).toBeUndefined();
  });

  it('has writers in one tenant, and tokens of ten minutes', () => {
    expect(readConfig(ON).atome.accounts).toEqual({ tenancy: 'shared', role: 'writer', accessTokenSeconds: 600 });
  });

  it('takes a tenant for each, and another role and time', () => {
    const config = readConfig({ ...ON, ACCOUNTS_TENANCY: 'own', ACCOUNTS_ROLE: 'admin', ACCESS_TOKEN_TTL: '60' });
    expect(config.atome.accounts).toEqual({ tenancy: 'own', role: 'admin', accessTokenSeconds: 60 });
  });

  it.each<[string, Record<string, string>, string[]]>([
    ['no authentication', { AUTH: 'off' }, ['ACCOUNTS=on']],
    ['the keys of others', { AUTH_JWT_SECRET: '', AUTH_JWKS_URL: 'https://id.example/keys' }, ['ACCOUNTS=on']],
    ['admins of the tenant of all', { ACCOUNTS_ROLE: 'admin' }, ['ACCOUNTS_ROLE=admin']],
    ['an unknown role', { ACCOUNTS_ROLE: 'owner' }, ['ACCOUNTS_ROLE=owner']],
    ['an unknown tenancy', { ACCOUNTS_TENANCY: 'none' }, ['ACCOUNTS_TENANCY=none']],
    ['tokens of no time', { ACCESS_TOKEN_TTL: '0' }, ['ACCESS_TOKEN_TTL=0']],
    ['another word', { ACCOUNTS: 'yes' }, ['ACCOUNTS=yes']],
  ])('is refused with %s', (_what, environment, names) => {
    expect(problemsOf({ ...ON, ...environment }).map((problem) => problem.split(':')[0])).toEqual(names);
  });
});

describe('the configuration of rates, connections and quotas', () => {
  it('has bounds where others can call, and fewer where only this machine can', () => {
    const open = readConfig({ AUTH: 'off-insecure', HOST: '0.0.0.0' });
    expect(open.rates).toEqual({ perSecond: 1_000, refusedPerMinute: 60 });
    expect(open.atome.connections).toEqual({
      total: 20_000,
      perAddress: 2_000,
      perPrincipal: 200,
      unauthenticated: 1_000,
    });
    const local = readConfig({});
    expect(local.rates.perSecond).toBe(0);
    expect(local.atome.connections).toMatchObject({ total: 20_000, perAddress: 0 });
    expect(local.atome).toMatchObject({
      proxies: 0,
      quotas: { writesPerSecond: 0, writeBurst: 1_000, atomes: 0, bytes: 0 },
    });
  });

  it('names what is no number', () => {
    const names = [
      'RATE_LIMIT',
      'HEAVY_CALLS',
      'HEAVY_CALLS_PER_PRINCIPAL',
      'REFUSED_PER_MINUTE',
      'TRUST_PROXY',
      'MAX_CONNECTIONS',
      'MAX_CONNECTIONS_PER_ADDRESS',
      'MAX_CONNECTIONS_PER_PRINCIPAL',
      'MAX_UNAUTHENTICATED',
      'TENANT_WRITES_PER_SECOND',
      'TENANT_WRITE_BURST',
      'TENANT_ATOMES',
      'TENANT_BYTES',
    ];
    const problems = problemsOf(Object.fromEntries(names.map((name) => [name, 'many'])));
    expect(problems.map((problem) => problem.split('=')[0]).sort()).toEqual(names.sort());
  });
});

describe('the token for the server above', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'token-'));
    writeFileSync(join(folder, 'bad'), 'canary\r\nX-Other: 1\n');
    writeFileSync(join(folder, 'empty'), '\n');
    writeFileSync(join(folder, 'good'), 'abc.def\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is visible ASCII, and is not quoted where it is not', () => {
    const UPSTREAM = 'wss://core.example';
    const file = (name: string) => ({ UPSTREAM, UPSTREAM_TOKEN_FILE: join(folder, name) });
    for (const environment of [{ UPSTREAM, UPSTREAM_TOKEN: 'canary é' }, file('bad'), file('empty')]) {
      const problems = problemsOf(environment);
      expect(problems).toEqual([expect.stringMatching(/^UPSTREAM_TOKEN.*visible ASCII/)]);
      expect(problems[0]).not.toContain('canary');
    }
    expect(problemsOf(file('good'))).toEqual([]);
  });
});
