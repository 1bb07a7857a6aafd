import { describe, expect, it } from '@jest/globals';
import { createClient } from '../../client/src/index.js';
import { startApp } from '../support/server/app.js';

/** A place of which nobody is served. */
const NOBODY = 'http://127.0.0.1:1';

describe('a token function that never answers', () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  it('holds up neither the end of a client', async () => {
    const client = createClient({ url: NOBODY, token: never });
    const waiting = client.list();
    await client.close();
    await expect(waiting).rejects.toThrow('closed');
  });

  it('nor its start, where the application says whose the data is', async () => {
    const client = createClient({ url: NOBODY, token: never, principal: { tenant: 'acme', id: 'alice' } });
    await client.create({ kind: 'note', data: {} });
    expect(await client.list()).toHaveLength(1);
    await client.close();
  });

  it('nor for ever the word of a server that asks for no token', async () => {
    const server = await startApp();
    const client = createClient({ url: server.url, token: never, answerMs: 50 });
    await client.ready();
    await client.close();
    await server.close();
  });
});
