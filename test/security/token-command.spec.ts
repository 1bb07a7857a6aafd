import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRET, WITH_TOKENS } from '../support/server/tokens.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { runProgram } from '../support/server/process.js';

const token = (args: string, environment: Record<string, string> = WITH_TOKENS) =>
  runProgram('cli/atome-sync', ['token', ...(args === '' ? [] : args.split(' '))], environment);

describe('npm run token', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp(WITH_TOKENS);
  });
  afterAll(() => server.close());

  it('explains itself', async () => {
    expect(await token('--help', {})).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage'), stderr: '' });
  });

  it('prints a token that the server takes', async () => {
    const { code, stdout, stderr } = await token(
      '--sub alice --tenant acme --roles reader,writer --groups staff,x --minutes 5',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { status, body } = await server.api.as(stdout.trim()).post('/api/atome/create', { kind: 'note', data: {} });
    expect({ status, body }).toMatchObject({ status: 201, body: { atome: { ownerId: 'alice' } } });
    const { exp, iat, tenant, roles, groups } = decoded(stdout);
    expect({ minutes: (exp - iat) / 60, tenant, roles, groups }).toEqual({
      groups: ['staff', 'x'],
      minutes: 5,
      tenant: 'acme',
      roles: ['reader', 'writer'],
    });
  });

  it('names the claims as they are configured', async () => {
    const { stdout } = await token('--sub alice', {
      ...WITH_TOKENS,
      AUTH_TENANT_CLAIM: 'org',
      AUTH_ROLES_CLAIM: 'scope',
    });
    expect(decoded(stdout)).toMatchObject({ org: 'default', scope: ['writer'] });
  });

  it.each([
    ['', '--sub'],
    ['--sub alice --roles owner', '--roles'],
    ['--sub alice --minutes soon', '--minutes'],
    ['--sub alice --minutes 0', '--minutes'],
    ['--sub alice --color', '--color'],
    ['alice', 'alice'],
  ])('refuses "%s" with exit code 2', async (args, named) => {
    const { code, stdout, stderr } = await token(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')[0]).toContain(named);
    expect(stderr).toContain('Usage');
  });

  it.each<[string, Record<string, string>]>([
    ['no configuration', {}],
    ['authentication off', { AUTH_JWT_SECRET: SECRET }],
    ['no secret', { AUTH: 'jwt' }],
    ['a short secret', { AUTH: 'jwt', AUTH_JWT_SECRET: 'canary' }],
    ['keys of others', { AUTH: 'jwt', AUTH_JWKS_URL: 'https://id.example/keys' }],
  ])('cannot sign with %s: exit code 78', async (_what, environment) => {
    const { code, stdout, stderr } = await token('--sub alice', environment);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain('AUTH_JWT_SECRET');
    expect(stderr).not.toContain('canary');
  });
});

function decoded(token: string): { exp: number; iat: number; tenant?: string; roles?: string[]; groups?: string[] } {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as ReturnType<typeof decoded>;
}
