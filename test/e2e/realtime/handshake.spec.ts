import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { RawSocket, upgradeRequest } from '../../support/clients/raw-socket.js';
import { TestSocket } from '../../support/clients/socket.js';
import { startEmbedded } from '../../support/embedded.js';
import { startApp } from '../../support/server/app.js';

interface Server {
  readonly url: string;
  readonly wsUrl: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

function parsed(text: string): Answer {
  const [head, body] = text.split('\r\n\r\n') as [string, string];
  const [line, ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((each) => [each.split(':')[0]!.toLowerCase(), each.slice(each.indexOf(':') + 2)]),
  );
  return { status: Number(line!.split(' ')[1]), headers, body: JSON.parse(body) as Answer['body'] };
}

const PROBLEM = {
  'content-type': 'application/problem+json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

describe.each<[string, (settings: 'few' | 'many') => Promise<Server>]>([
  ['the server', (settings) => startApp(settings === 'few' ? { MAX_CONNECTIONS_PER_ADDRESS: '1' } : {})],
  ['an application', (settings) => startEmbedded(settings === 'few' ? { connections: { perAddress: 1 } } : {})],
])('a handshake that is refused by %s', (_whose, start) => {
  let server: Server;
  afterEach(async () => {
    jest.restoreAllMocks();
    await server.close();
  });

  const path = (): string => new URL(server.wsUrl).pathname;

  async function answerTo(bytes: string): Promise<Answer> {
    const raw = await RawSocket.open(server.url);
    raw.send(bytes);
    return parsed((await raw.ended()).toString());
  }

  it.each<[string, Record<string, string>, number, string, RegExp]>([
    ['a foreign origin', { Origin: 'https://evil.example' }, 403, 'forbidden', /ALLOWED_ORIGINS/],
    ['a foreign name', { Host: 'evil.example' }, 403, 'forbidden', /allowedHosts/],
    ['two hosts', { host: 'localhost' }, 400, 'invalid', /one header Host/],
    ['a key that is none', { 'Sec-WebSocket-Key': 'short' }, 400, 'invalid', /Sec-WebSocket-Key/],
    ['extensions that cannot be read', { 'Sec-WebSocket-Protocol': ',' }, 400, 'invalid', /Sec-WebSocket-Protocol/],
    ['a version that is none', { 'Sec-WebSocket-Version': '7' }, 426, 'invalid', /Sec-WebSocket-Version: 13/],
  ])('for %s is a problem that says what to do', async (_why, headers, status, code, advice) => {
    server = await start('many');
    const answer = await answerTo(upgradeRequest(`${path()}?ticket=secret`, headers));
    expect(answer).toMatchObject({
      status,
      headers: PROBLEM,
      body: { status, code, instance: path(), success: false },
    });
    expect(answer.body.detail).toMatch(advice);
    expect(answer.headers['sec-websocket-version']).toBe(status === 426 ? '13' : undefined);
  });

  it('for its method is a 405 that names the right one', async () => {
    server = await start('many');
    const answer = await answerTo(upgradeRequest(path()).replace('GET', 'POST'));
    expect(answer).toMatchObject({
      status: 405,
      headers: { ...PROBLEM, allow: 'GET' },
      body: { code: 'method_not_allowed' },
    });
  });

  it('for its address is a 429 with Retry-After and the setting, and a line in the log', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    server = await start('few');
    const first = await TestSocket.connect(server.wsUrl);
    for (let i = 0; i < 3; i += 1) {
      const answer = await answerTo(upgradeRequest(path()));
      expect(answer).toMatchObject({
        status: 429,
        headers: { ...PROBLEM, 'retry-after': '5' },
        body: { code: 'rate_limited', retryable: true, retryAfter: 5_000 },
      });
      expect(answer.body.detail).toMatch(/MAX_CONNECTIONS_PER_ADDRESS/);
    }
    const lines = warn.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('a WebSocket of'));
    expect(lines).toEqual([expect.stringContaining('MAX_CONNECTIONS_PER_ADDRESS')]);
    await first.close();
  });

  it.each(['GET', 'HEAD'])('since its %s asks for no upgrade is a 426 that asks for it', async (method) => {
    server = await start('many');
    const call = request(server.url + path(), { method });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    expect(response).toMatchObject({
      statusCode: 426,
      headers: { ...PROBLEM, upgrade: 'websocket', connection: 'close, Upgrade' },
    });
    const text = Buffer.concat(chunks).toString();
    if (method === 'HEAD') expect(text).toBe('');
    else expect(JSON.parse(text)).toMatchObject({ status: 426, code: 'invalid', instance: path() });
  });
});
