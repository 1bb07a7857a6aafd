import { createServer as createTcp } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { answering, Receiver } from '../../test/support/receiver.js';
import { Poster, type PosterParts } from './poster.js';
import { newSecret } from './signature.js';
import { WebhookSender } from './webhook-sender.js';

const OPEN = { allowPrivate: true, timeoutMs: 60_000 };
const CLOSED = { allowPrivate: false, timeoutMs: 60_000 };
const NEVER = new AbortController().signal;
const INSIDE = /not on the public internet/;

describe('what is posted', () => {
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await Receiver.start('0.0.0.0');
  });
  afterAll(() => receiver.close());
  let tests = 0;
  const path = (): string => `/${(tests += 1)}`;
  const at = (host: string, where: string): string => `http://${host}:${receiver.port}${where}`;
  const post = (poster: Poster, url: string, signal = NEVER) => poster.post(url, { 'x-a': 'b' }, '{"n":1}', signal);

  it('arrives with its headers, and is answered', async () => {
    const where = path();
    receiver.answer(where, answering(429, { 'retry-after': '7' }));
    expect(await post(new Poster(OPEN), at('127.0.0.1', where))).toEqual({ status: 429, retryAfter: '7' });
    expect(receiver.at(where)).toMatchObject([{ text: '{"n":1}', headers: { 'x-a': 'b', 'content-length': '7' } }]);
  });

  it.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://[64:ff9b::7f00:1]/',
    'https://0/',
    'https://１２７.0.0.1/',
  ])('does not go to an address inside, however it is written: %s', async (url) => {
    expect(new Poster(CLOSED).problemOf(url)).toMatch(INSIDE);
    await expect(post(new Poster(CLOSED), url)).rejects.toThrow(INSIDE);
  });

  it.each([
    'http://receiver.example/',
    'ftp://receiver.example/',
    'file:///etc/passwd',
    '//receiver.example',
    'https://',
  ])('does not go to what is no https address: %s', (url) => {
    expect(new Poster(CLOSED).problemOf(url)).toEqual(expect.any(String));
  });

  describe('to a name', () => {
    /** https is asked for outside; what is inside is a port without it, which is enough to see who connects. */
    let tcp: Server;
    let connections: string[];
    const sockets = new Set<Socket>();
    beforeAll(async () => {
      tcp = createTcp((socket) => {
        sockets.add(socket.on('error', () => undefined));
        connections.push(String(socket.localAddress));
        socket.end();
      });
      await once(tcp.listen(0, '0.0.0.0'), 'listening');
    });
    afterAll(() => {
      for (const socket of sockets) socket.destroy();
      tcp.close();
    });
    afterEach(() => {
      connections = [];
    });
    const url = (): string => `https://receiver.example:${(tcp.address() as AddressInfo).port}/`;
    const resolving = (...answers: string[][]): PosterParts['resolve'] & { count: () => number } => {
      let count = 0;
      const resolve = (): Promise<{ address: string; family: number }[]> => {
        const answer = answers[Math.min(count, answers.length - 1)]!;
        count += 1;
        return Promise.resolve(answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
      };
      return Object.assign(resolve, { count: () => count });
    };

    it.each([
      ['an address inside', ['127.0.0.1']],
      ['one outside and one inside', ['93.184.215.14', '127.0.0.1']],
      ['one of version 6 inside', ['::ffff:127.0.0.1']],
      ['none', []],
    ])('does not connect where it has %s', async (_what, addresses) => {
      connections = [];
      const resolve = resolving(addresses);
      await expect(post(new Poster(CLOSED, { resolve }), url())).rejects.toThrow(
        addresses.length > 0 ? INSIDE : 'there is no address of receiver.example',
      );
      expect([connections, resolve.count()]).toEqual([[], 1]);
    });

    it('connects to what was checked, whatever the name leads to a moment later', async () => {
      connections = [];
      const resolve = resolving(['127.0.0.1'], ['127.0.0.2']);
      const poster = new Poster(CLOSED, { resolve, isPublic: (address) => address === '127.0.0.1' });
      // it is no server of TLS
      await expect(post(poster, url())).rejects.toThrow();
      expect([connections, resolve.count()]).toEqual([['127.0.0.1'], 1]);
      await expect(post(poster, url())).rejects.toThrow(INSIDE);
      expect(connections).toEqual(['127.0.0.1']);
    });
  });

  it('is given up when there is no answer in time', async () => {
    const where = path();
    receiver.answer(where, () => undefined);
    const poster = new Poster({ ...OPEN, timeoutMs: 50 });
    await expect(post(poster, at('127.0.0.1', where))).rejects.toThrow('no answer within 50 ms');
  });

  it('is answered by its status, however long the body goes on', async () => {
    const where = path();
    const ended: Promise<unknown>[] = [];
    receiver.answer(where, (_message, response) => {
      ended.push(once(response, 'close'));
      response.writeHead(200).write('x'.repeat(200_000));
    });
    expect(await post(new Poster(OPEN), at('127.0.0.1', where))).toMatchObject({ status: 200 });
    // the rest of it is not read
    await Promise.all(ended);
  });

  it('has failed with what the first of several addresses has failed with', async () => {
    const refused = new AggregateError([new Error('connect ECONNREFUSED ::1:443'), new Error('another')]);
    const sender = new WebhookSender({ post: () => Promise.reject(refused) }, Date.now);
    const target = { url: 'https://receiver.example/', secrets: [newSecret()] };
    const sent = sender.post(target, { id: 'a', body: '{}' }, NEVER);
    await expect(sent).rejects.toThrow('connect ECONNREFUSED ::1:443');
  });

  it('is ended by whoever sends it, or by a receiver that hangs up', async () => {
    const [where, gone] = [path(), path()];
    const sender = new AbortController();
    receiver.answer(where, () => sender.abort());
    await expect(post(new Poster(OPEN), at('127.0.0.1', where), sender.signal)).rejects.toThrow(/abort/i);
    receiver.answer(gone, (_message, response) => void response.destroy());
    await expect(post(new Poster(OPEN), at('127.0.0.1', gone))).rejects.toThrow(/hang up|reset/);
  });
});
