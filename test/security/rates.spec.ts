import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createShop } from '../../examples/embedded/app.js';
import { AtomeModule } from '../../src/index.js';
import { createFile } from '../support/databases/databases.js';
import { SECRET, tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import type { Answer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { RawSocket } from '../support/clients/raw-socket.js';

const LIST = '/api/atome/list';

/** That many calls, one after the other. */
async function repeat(times: number, call: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < times; i += 1) answers.push(await call());
  return answers;
}

const statuses = (answers: readonly Answer[]): number[] => [...new Set(answers.map(({ status }) => status))];

describe('the rate of calls', () => {
  let server: TestApp;
  afterEach(() => server.close());

  function expectRefusal({ status, body, headers }: Answer): void {
    expect({ status, body }).toMatchObject({
      status: 429,
      body: { code: 'rate_limited', success: false, retryable: true, retryAfter: expect.any(Number) },
    });
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }

  it('is bounded for each principal, wherever it calls from', async () => {
    server = await startApp({ ...WITH_TOKENS, RATE_LIMIT: '5' });
    const [alice, bob] = ['alice', 'bob'].map((sub) => server.api.as(tokenOf('reader', { sub })));
    const answers = await Promise.all(Array.from({ length: 20 }, () => alice!.get(LIST)));
    expect(statuses(answers).sort()).toEqual([200, 429]);
    const first = answers.find(({ status }) => status === 200)!;
    expect(first.headers.get('ratelimit-limit')).toBe('5');
    expectRefusal(answers.find(({ status }) => status === 429)!);
    expect(await bob!.get(LIST)).toMatchObject({ status: 200 });
    // the same name in another tenant is somebody else
    const other = server.api.as(tokenOf('reader', { sub: 'alice', tenant: 'other' }));
    expect(await other.get(LIST)).toMatchObject({ status: 200 });
  });

  it('is not that of probes of health', async () => {
    server = await startApp({ RATE_LIMIT: '2' });
    for (const path of ['/health', '/health/live', '/health/ready']) {
      const answers = await Promise.all(Array.from({ length: 9 }, () => server.api.get(path)));
      expect(statuses(answers)).toEqual([200]);
      expect(answers[0]!.headers.get('ratelimit-limit')).toBeNull();
    }
    // nor do they use up what others may ask
    expect(await server.api.get(LIST)).toMatchObject({ status: 200 });
  });

  it('is bounded for each address where nobody is known, as the proxy tells it', async () => {
    server = await startApp({ RATE_LIMIT: '3', TRUST_PROXY: '1' });
    const from = (address: string) => server.api.get(LIST, { 'x-forwarded-for': address });
    // what stands further left may be made up by the client
    const answers = await Promise.all(Array.from({ length: 9 }, (_, i) => from(`10.0.0.${i}, 203.0.113.1`)));
    expect(statuses(answers).sort()).toEqual([200, 429]);
    expect(await from('203.0.113.2')).toMatchObject({ status: 200 });
    // who has an IPv6 network has many addresses
    const many = await Promise.all(Array.from({ length: 9 }, (_, i) => from(`2001:db8::${i}`)));
    expect(statuses(many).sort()).toEqual([200, 429]);
  });

  it('takes no address from a header when there is no proxy', async () => {
    server = await startApp({ RATE_LIMIT: '3' });
    const from = (address: string) => server.api.get(LIST, { 'x-forwarded-for': address });
    expect(statuses(await Promise.all(Array.from({ length: 9 }, (_, i) => from(`10.0.0.${i}`)))).sort()).toEqual([
      200, 429,
    ]);
  });

  it('is bounded more closely for calls without a good token, and a good one passes all the same', async () => {
    server = await startApp({ ...WITH_TOKENS, REFUSED_PER_MINUTE: '10' });
    const bad = await repeat(5, () => server.api.get(LIST));
    const worse = await repeat(5, () => server.api.as('not a token').get(LIST));
    expect(statuses([...bad, ...worse])).toEqual([401]);
    expectRefusal(await server.api.get(LIST));
    expectRefusal(await server.api.as(tokenOf('reader', { exp: 1 })).get(LIST));
    expect(await server.api.as(tokenOf('reader')).get(LIST)).toMatchObject({ status: 200 });
  });
});

describe('a body of somebody who may not send it', () => {
  const HEAD = 'Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000';
  const refused = async (url: string, path: string): Promise<string> => {
    const raw = await RawSocket.open(url);
    raw.send(`POST ${path} HTTP/1.1\r\n${HEAD}\r\n\r\n{`);
    while (!raw.text.includes('\r\n\r\n')) await once(raw.socket, 'data');
    raw.socket.destroy();
    return raw.text.split('\r\n')[0]!;
  };

  it('is not waited for', async () => {
    const server = await startApp(WITH_TOKENS);
    expect(await refused(server.url, '/api/atome/create')).toBe('HTTP/1.1 401 Unauthorized');
    await server.close();
  });

  it('is not waited for in an application that imports the module', async () => {
    const jwt = { keys: { secret: SECRET }, tenantClaim: 'tenant', rolesClaim: 'roles' };
    const database = createFile();
    const app = await createShop(database.url, (options) => AtomeModule.forRoot({ ...options, jwt }));
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    expect(await refused(`http://127.0.0.1:${port}`, '/v1/atome/create')).toBe('HTTP/1.1 401 Unauthorized');
    await app.close();
    await database.drop();
  });
});
