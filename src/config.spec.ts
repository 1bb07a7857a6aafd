import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfig, type ConfigError } from './config.js';

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
    expect(config.atome.jwt?.keys).toEqual({ jwks: { keys: [jwk] } });
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
