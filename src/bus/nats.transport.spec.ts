import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createUser } from '@nats-io/nkeys';
import { hasNatsServer, NatsServer } from '../../test/support/bus/nats-server.js';
import { NatsTransport } from './nats.transport.js';

/** Whether a text comes back, as somebody or with a file of credentials. */
async function connects(url: string, credentials?: string): Promise<string> {
  let came: (text: string) => void;
  const text = new Promise<string>((resolve) => (came = resolve));
  const connection = await new NatsTransport(url, credentials).connect({
    text: (each) => came(each),
    broken: () => undefined,
  });
  try {
    await connection.send(['here']);
    return await text;
  } finally {
    await connection.close();
  }
}

(hasNatsServer ? describe : describe.skip)('who a server is to NATS', () => {
  let folder: string;
  let server: NatsServer | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nats-'));
  });
  afterEach(() => server?.kill());
  afterAll(() => rm(folder, { recursive: true }));

  const fileOf = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };

  /** It waits for as long as a busy machine takes. */
  const start = async (authorization: string): Promise<NatsServer> =>
    NatsServer.start('--config', await fileOf('nats.conf', `authorization { timeout: 60, ${authorization} }`));

  it('is told by the seed of an NKey in a file', async () => {
    const [known, other] = [createUser(), createUser()];
    const [right, wrong] = await Promise.all(
      [known, other].map((user) => fileOf(`${user.getPublicKey()}.nk`, new TextDecoder().decode(user.getSeed()))),
    );
    server = await start(`users = [ { nkey: ${known.getPublicKey()} } ]`);
    await expect(connects(server.url, right)).resolves.toBe('here');
    await expect(connects(server.url, wrong)).rejects.toThrow(/authorization/i);
    await expect(connects(server.url)).rejects.toThrow(/authorization/i);
  });

  it('is told by a user and a password, or by a token, in the address', async () => {
    server = await start('user: "a b", password: "p@ss/"');
    await expect(connects(server.url.replace('//', '//a%20b:p%40ss%2F@'))).resolves.toBe('here');
    await expect(connects(server.url.replace('//', '//a%20b:other@'))).rejects.toThrow(/authorization/i);
    await server.kill();
    server = await start('token: "token"');
    await expect(connects(server.url.replace('//', '//token@'))).resolves.toBe('here');
    await expect(connects(server.url)).rejects.toThrow(/authorization/i);
  });
});
