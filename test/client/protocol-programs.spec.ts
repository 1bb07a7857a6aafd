import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';
import { blocks } from '../support/protocol-doc.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let server: TestApp;
beforeEach(async () => {
  server = await startApp();
});
afterEach(() => server.close());

describe('the calls of docs/protocol', () => {
  it('are answered well, one after the other', async () => {
    const statuses: string[] = [];
    for (const block of blocks('http')) {
      const [head = '', body] = block.split('\n\n');
      const [line = '', ...headers] = head.trim().split('\n');
      const [method = '', path = ''] = line.split(' ');
      const given = headers.map((header) => header.split(': ') as [string, string]);
      const { status, text } = await server.api.call(
        method,
        path,
        body?.trim(),
        Object.fromEntries(new Headers(given)),
      );
      if (status >= 300) throw new Error(`${line} was answered ${status}: ${text}`);
      statuses.push(`${method} ${status}`);
    }
    expect(statuses).toEqual([
      ...['POST 200', 'POST 200'],
      ...['POST 201', 'POST 200', 'PATCH 200', 'PATCH 200', 'PUT 200', 'POST 200', 'GET 200', 'DELETE 200'],
      ...['GET 200', 'POST 200', 'GET 200', 'GET 200', 'GET 200', 'GET 200', 'GET 200', 'POST 200'],
    ]);
  });
});

describe('the client of docs/protocol', () => {
  let client: ChildProcess;
  const sockets = new Set<Duplex>();
  beforeEach(() => {
    server.app.getHttpServer().on('upgrade', (_request, socket: Duplex) => sockets.add(socket));
    client = spawn(process.execPath, ['--input-type=module', '-', server.wsUrl], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  });
  afterEach(async () => {
    client.kill();
    await once(client, 'exit');
  });

  it('is told each event once and in order, also when it is cut off', async () => {
    const [program = ''] = blocks('js');
    expect(program.trim().split('\n').length).toBeLessThan(45);
    client.stdin!.end(program);
    await server.api.create({ n: 1 }, { id: 'a' });
    const lines = createInterface({ input: client.stdout! })[Symbol.asyncIterator]();
    const take = async (count: number): Promise<string[]> => {
      const taken: string[] = [];
      while (taken.length < count) taken.push(String((await lines.next()).value));
      return taken;
    };
    expect(await take(1)).toEqual(['1 atome:created a {"n":1} of 1']);

    sockets.forEach((socket) => socket.destroy());
    await server.api.create({ n: 2 }, { id: 'b' });
    await server.api.delete('/api/atome/a');
    await server.api.post('/api/atome/b/alter', { operation: 'update', changes: { n: 3 } });
    expect(await take(3)).toEqual([
      '2 atome:created b {"n":2} of 2',
      '3 atome:deleted a null of 1',
      '4 atome:altered b {"n":3} of 1',
    ]);
  });
});
