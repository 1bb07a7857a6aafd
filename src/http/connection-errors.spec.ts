import { once } from 'node:events';
import { createServer, type Server, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RawSocket } from '../../test/support/clients/raw-socket.js';
import { connectionErrors } from './connection-errors.js';
import { LimitedLog } from './limited-log.js';

describe('what is wrong with a connection', () => {
  const lines: string[] = [];
  let server: Server;
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    lines.length = 0;
  });

  async function listen(options: ServerOptions = {}, answers = true): Promise<RawSocket> {
    server = createServer(options, (request, response) => {
      if (answers) request.resume().on('end', () => response.end('whole'));
    });
    server.on('clientError', connectionErrors(new LimitedLog({ warn: (line: string) => lines.push(line) })));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return RawSocket.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  const statuses = (text: Buffer): string[] => text.toString().match(/HTTP\/1\.1 \d+/g) ?? [];

  it('is told with 408 when the head does not come in time', async () => {
    const raw = await listen({ headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 10 });
    raw.send('GET / HTTP/1.1\r\nHost: x\r\n');
    const text = (await raw.ended()).toString();
    expect(statuses(Buffer.from(text))).toEqual(['HTTP/1.1 408']);
    expect(JSON.parse(text.split('\r\n\r\n')[1]!)).toMatchObject({ status: 408, code: 'unavailable', retryable: true });
    expect(lines).toHaveLength(1);
  });

  it('is told with 408 when the body does not come in time', async () => {
    const raw = await listen({ headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 10 });
    raw.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab');
    expect(statuses(await raw.ended())).toEqual(['HTTP/1.1 408']);
  });

  it('is told once, also when more of it comes', async () => {
    const raw = await listen();
    raw.send('NO HTTP\r\n\r\n');
    raw.send('nor this\r\n\r\n');
    expect(statuses(await raw.ended())).toEqual(['HTTP/1.1 400']);
    expect(lines).toHaveLength(1);
  });

  it('leaves the request before it its own answer, which is the last', async () => {
    const raw = await listen();
    raw.send('GET / HTTP/1.1\r\nHost: x\r\n\r\nNO HTTP\r\n\r\n');
    const text = (await raw.ended()).toString();
    expect(statuses(Buffer.from(text))).toEqual(['HTTP/1.1 200']);
    expect(text).toMatch(/connection: close[^]*whole$/i);
  });

  it('ends an answer that is under way, and puts nothing into it', async () => {
    const raw = await listen({}, false);
    server.once('request', (_request, response) => response.write('begun'));
    raw.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    while (!raw.text.includes('begun')) await once(raw.socket, 'data');
    raw.send('NO HTTP\r\n\r\n');
    expect(statuses(await raw.ended())).toEqual(['HTTP/1.1 200']);
  });

  it('needs no answer when the peer has gone', async () => {
    const raw = await listen();
    const reset = once(server, 'clientError');
    const taken = once(server, 'request');
    raw.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n');
    await taken;
    raw.socket.resetAndDestroy();
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }, { destroyed: true }]);
    expect(lines).toEqual([]);
  });
});
