import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectionsWithin, connectionWarning, HttpConnections, openFileLimit } from './http-connections.js';

describe('the connections of a server', () => {
  const lines: string[] = [];
  let server: Server;
  let clients: Socket[];
  let taken: Socket[];
  beforeEach(async () => {
    lines.length = 0;
    clients = [];
    taken = [];
    server = createServer((request, response) => {
      if (request.url !== '/waits') response.end('ok');
    });
    new HttpConnections(3, { warn: (_cause, line) => void lines.push(line) }).attach(server);
    server.on('connection', (socket: Socket) => void taken.push(socket));
    server.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    [...clients, ...taken].forEach((each) => each.destroy());
    server.close();
    await once(server, 'close');
  });

  async function open(request = ''): Promise<Socket> {
    const accepted = once(server, 'connection');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => undefined);
    clients.push(client);
    await accepted;
    if (request !== '') client.write(request);
    return client;
  }
  const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  const answered = async (client: Socket): Promise<string> => String((await once(client, 'data'))[0]).split('\r\n')[0]!;

  it('that say nothing make room for the newest, the oldest first', async () => {
    const [first, second] = [await open(), await open()];
    await open();
    const newest = await open(GET);
    await once(first, 'close');
    expect(await answered(newest)).toBe('HTTP/1.1 200 OK');
    expect(second.closed).toBe(false);
    expect(lines).toEqual([expect.stringContaining('ulimit -n')]);
  });

  it('that have been answered make room too', async () => {
    const first = await open(GET);
    await answered(first);
    for (let n = 0; n < 3; n += 1) await answered(await open(GET));
    if (!first.closed) await once(first, 'close');
    expect(first.closed).toBe(true);
  });

  it('that half a request has come on make room', async () => {
    const half = await open('GET / HTTP/1.1\r\nHost:');
    for (let n = 0; n < 3; n += 1) await open();
    if (!half.closed) await once(half, 'close');
    expect(half.closed).toBe(true);
  });

  it('that wait for an answer, or speak another protocol, stay: the newest is closed', async () => {
    for (let n = 0; n < 2; n += 1) {
      const asked = once(server, 'request');
      await open('GET /waits HTTP/1.1\r\nHost: a\r\n\r\n');
      await asked;
    }
    const upgraded = await open('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    await answered(upgraded);
    const newest = await open();
    await once(newest, 'close');
    expect(clients.slice(0, 3).map(({ closed }) => closed)).toEqual([false, false, false]);
  });

  it('fit into what the process may have open', () => {
    expect(connectionsWithin(1_024)).toBe(960);
    expect(connectionsWithin(10)).toBe(1);
    const limit = openFileLimit();
    if (process.platform === 'linux') expect(limit).toBeGreaterThan(0);
  });
});

describe('the word on a limit of files', () => {
  it.each([
    ['a usual limit, and nothing was asked for', 20_000, 20_000, undefined],
    ['a usual limit, and few were asked for', 50, 20_000, undefined],
    ['a low limit, and as few were asked for', 500, 1_024, undefined],
    ['a low limit, and nothing was asked for', 20_000, 1_024, '960 connections fit; raise'],
    ['a setting that does not fit', 30_000, 20_000, '19936 connections fit and not 30000; raise'],
    ['no bound at all', 0, 20_000, '19936 connections fit and not any number; raise'],
  ])('is said where it matters: %s', (_when, total, files, says) => {
    const warning = connectionWarning(total, files);
    if (says === undefined) expect(warning).toBeUndefined();
    else expect(warning).toContain(says);
  });
});
