import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRET, tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { ServerProcess } from '../support/server/process.js';

const { privateKey } = generateKeyPairSync('ed25519');
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

describe('a start with AUTH=jwt', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'keys-'));
    writeFileSync(join(folder, 'private.pem'), PEM);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('names all that does not fit, and quotes no secret', async () => {
    const { code, output } = await ServerProcess.fail({
      AUTH: 'jwt',
      AUTH_JWT_SECRET: 'canary-secret',
      AUTH_JWKS_URL: 'http://user:canary@id.example/keys',
      AUTH_JWKS_FILE: join(folder, 'private.pem'),
      AUTH_TENANT_CLAIM: 'two words',
      AUTH_ROLES_CLAIM: ' ',
      AUTH_TIMEOUT_MS: 'soon',
    });
    expect(code).toBe(78);
    const named = output.match(/^ {2}[A-Z_]+/gm)?.map((name) => name.trim());
    expect(named?.sort()).toEqual([
      'AUTH',
      'AUTH_JWKS_FILE',
      'AUTH_JWKS_URL',
      'AUTH_JWT_SECRET',
      'AUTH_ROLES_CLAIM',
      'AUTH_TENANT_CLAIM',
      'AUTH_TIMEOUT_MS',
    ]);
    for (const canary of ['canary', 'PRIVATE', PEM.split('\n')[1]!]) expect(output).not.toContain(canary);
  });

  it('is possible on an address that others can reach', async () => {
    const server = await ServerProcess.start({ ...WITH_TOKENS, HOST: '0.0.0.0', DATABASE_URL: 'sqlite::memory:' });
    const statuses = [server.api, server.api.as(tokenOf('reader'))].map((api) => api.get('/api/atome/list'));
    expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([401, 200]);
    expect(server.output.join('\n')).not.toContain(SECRET);
    expect(await server.kill('SIGTERM')).toBe(0);
  });
});
