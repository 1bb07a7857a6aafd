import { afterEach, describe, expect, it } from '@jest/globals';
import { AtomeModule, type AtomeOptions } from '../../src/index.js';
import { bearer } from '../support/clients/api.js';
import { ANSWERED, FOREIGN, FRIEND, MOZILLA, Visitor, type Headers } from '../support/clients/visitor.js';
import { startEmbedded } from '../support/embedded.js';
import { SECRET, tokenOf } from '../support/server/tokens.js';

const JWT = { keys: { secret: SECRET }, tenantClaim: 'tenant', rolesClaim: 'roles' };

let server: Awaited<ReturnType<typeof startEmbedded>>;
const visitor = new Visitor(() => server);
afterEach(() => server.close());

describe('an embedded module', () => {
  const list = '/v1/atome/list';

  it('asks a write of what is no browser too for a JSON type or a header', async () => {
    server = await startEmbedded();
    expect(await visitor.status('POST', '/v1/auth/ticket')).toBe(403);
    expect(await visitor.status('POST', '/v1/auth/ticket', { 'x-client-id': 'c1' })).toBe(200);
  });

  it('can be told by name to leave each of it to the application', async () => {
    server = await startEmbedded({ allowedHosts: ['*'] });
    expect(await visitor.doors('/v1', { host: 'app.example' })).toEqual(ANSWERED);
    await server.close();
    server = await startEmbedded({ allowedHosts: ['app.example'] });
    expect([
      await visitor.status('GET', list, { host: 'app.example:8080' }),
      await visitor.status('GET', list),
    ]).toEqual([200, 403]);
    await server.close();
    server = await startEmbedded({ checkOrigins: false });
    expect(await visitor.doors('/v1', { origin: FOREIGN })).toEqual(ANSWERED);
    expect(await visitor.doors('/v1', { 'sec-fetch-site': 'cross-site' })).toEqual(ANSWERED);
    // an origin that nobody has judged proves nothing
    expect(await visitor.status('POST', '/v1/auth/ticket', { origin: FOREIGN })).toBe(403);
    await server.close();
    server = await startEmbedded({ requireWriteHeader: false });
    expect(await visitor.status('POST', '/v1/auth/ticket', { 'user-agent': MOZILLA })).toBe(200);
    await server.close();
    server = await startEmbedded({ requireWriteHeader: 'browsers' });
    expect(await visitor.status('POST', '/v1/auth/ticket')).toBe(200);
    expect(await visitor.status('POST', '/v1/auth/ticket', { 'user-agent': MOZILLA })).toBe(403);
  });

  it('with jwt asks for nothing but the token, on every call', async () => {
    server = await startEmbedded({ jwt: JWT });
    const token = bearer(tokenOf('writer'));
    for (const headers of [
      { host: 'app.example' },
      { origin: FOREIGN },
      { 'sec-fetch-site': 'cross-site' },
    ] as Headers[]) {
      expect(await visitor.status('GET', list, { ...headers, ...token })).toBe(200);
      expect(await visitor.status('POST', '/v1/auth/ticket', { ...headers, ...token, 'user-agent': MOZILLA })).toBe(
        200,
      );
      expect(await visitor.status('POST', '/v1/auth/ticket', headers)).toBe(401);
    }
    expect(await visitor.handshake({ origin: FOREIGN, ...token })).toBe(403);
  });

  it.each<[options: AtomeOptions, says: string]>([
    [{ allowedOrigins: ['*'] }, 'needs jwt'],
    [{ allowedOrigins: ['https://app.example/'] }, '"https://app.example/" is no origin'],
    [{ allowedOrigins: [FRIEND], checkOrigins: false }, 'no meaning beside checkOrigins: false'],
    [{ allowedHosts: 'app.example' as never }, 'allowedHosts: expected an array of texts'],
    [{ allowedOrigins: [7] as never }, 'allowedOrigins: expected an array of texts'],
    [{ checkOrigins: 'no' as never }, 'checkOrigins: expected true or false'],
    [{ requireWriteHeader: 'yes' as never }, 'requireWriteHeader: expected true'],
    [{ allowedHosts: [] }, 'nobody could ask'],
    [{ allowedHosts: ['*', 'app.example'] }, '"*" stands for all names'],
    [{ allowedHosts: ['app.example:3000'] }, '"app.example:3000" is no name'],
    [{ allowedHosts: ['App.example'], jwt: JWT }, '"App.example" is no name'],
  ])('does not start with %j', async (options, says) => {
    server = await startEmbedded();
    expect(() => AtomeModule.forRoot(options)).toThrow(says);
  });
});
