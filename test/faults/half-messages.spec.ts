import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryBudget } from '../../src/auth/admission/memory-budget.js';
import { ConnectionRegistry } from '../../src/realtime/connection-registry.js';
import { bearer } from '../support/clients/api.js';
import { frame, RawSocket, upgradeRequest } from '../support/clients/raw-socket.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

const NO_PROGRESS = 4408;
const WHOLE_MS = 60_000;
const TEXT = 0x01;
const FINAL = 0x80;
const CONTINUATION = 0x00;
const PING = 0x89;
const PONG = 0x8a;

/** The head of a frame of a client with a large payload, of which so many bytes follow. */
function partOf(length: number, bytes: number): Buffer {
  const head = Buffer.alloc(14);
  head[0] = FINAL | TEXT;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.alloc(bytes, 'a')]);
}

/** Of a short frame. */
const lengthAt = (bytes: Buffer, at: number): number => bytes[at + 1] ?? 0;

/** What is sent of a message that never becomes whole. */
const HALVES: readonly (readonly [what: string, bytes: readonly Buffer[]])[] = [
  ['the head of a frame', [Buffer.from([FINAL | TEXT])]],
  ['half a frame', [partOf(1_000_000, 300_000)]],
  ['a fragment', [frame(TEXT, 'half of')]],
  [
    'fragments with pings in between',
    [frame(TEXT, 'a'), frame(PING, 'x'), frame(CONTINUATION, 'b'), frame(PONG, 'yy')],
  ],
  ['half a frame behind a whole message', [frame(FINAL | TEXT, '{"type":"ping"}'), partOf(1_000_000, 200_000)]],
];

describe('a message that does not come whole', () => {
  let server: TestApp;
  let registry: ConnectionRegistry;
  beforeEach(async () => {
    server = await startApp({ ...WITH_TOKENS, MEMORY_BUDGET: String(4 * 1024 * 1024) });
    registry = server.app.get(ConnectionRegistry, { strict: false });
  });
  afterEach(() => server.close());

  async function joined(sub = 'ann'): Promise<RawSocket> {
    const raw = await RawSocket.open(server.wsUrl);
    raw.send(upgradeRequest(new URL(server.wsUrl).pathname, bearer(tokenOf('reader', { sub }))));
    while (!raw.text.includes('"welcome"')) await once(raw.socket, 'data');
    return raw;
  }

  const halves = (): { readonly bytes: number }[] => {
    const { sessions } = registry as unknown as { sessions: Set<{ socket: { half: { readonly bytes: number } } }> };
    return [...sessions].map(({ socket }) => socket.half);
  };

  async function arrived(bytes: number): Promise<void> {
    while (halves().reduce((sum, half) => sum + half.bytes, 0) < bytes) await new Promise(setImmediate);
  }

  /** The code that a client is told, which goes on sending nothing. */
  async function closed(raw: RawSocket): Promise<number | undefined> {
    const start = raw.text.indexOf('\r\n\r\n') + 4;
    const bytes = (await raw.ended()).subarray(start);
    const at = bytes.findIndex((byte, i) => byte === 0x88 && lengthAt(bytes, i) === bytes.length - i - 2);
    return at < 0 ? undefined : bytes.readUInt16BE(at + 2);
  }

  it.each(HALVES)('ends its connection after a bounded time: %s', async (_what, bytes) => {
    const raw = await joined();
    for (const each of bytes) raw.send(each);
    await arrived(1);
    registry.cutLate(WHOLE_MS / 2);
    expect(raw.socket.destroyed).toBe(false);
    registry.cutLate(WHOLE_MS / 2);
    expect(await closed(raw)).toBe(NO_PROGRESS);
  });

  it('is none where there are only whole ones, and control frames', async () => {
    const raw = await joined();
    raw.send(Buffer.concat([frame(PING, 'x'), frame(FINAL | TEXT, '{"type":"ping"}'), frame(PONG, 'yy')]));
    raw.send(Buffer.concat([frame(TEXT, '{"type":'), frame(FINAL | CONTINUATION, '"ping"}')]));
    raw.send(frame(PONG, 'a longer one'));
    raw.send(frame(FINAL | TEXT, '{"type":"ping"}'));
    while (raw.text.split('"pong"').length < 4) await once(raw.socket, 'data');
    raw.send(frame(PONG, ''));
    for (let n = 0; n < 4; n += 1) registry.cutLate(WHOLE_MS);
    raw.send(frame(FINAL | TEXT, '{"type":"ping"}'));
    while (raw.text.split('"pong"').length < 5) await once(raw.socket, 'data');
    raw.socket.destroy();
  });

  it('may take its time as long as it becomes whole', async () => {
    const raw = await joined();
    raw.send(frame(TEXT, '{"type":'));
    await arrived(1);
    registry.cutLate(WHOLE_MS / 2);
    raw.send(frame(FINAL | CONTINUATION, '"ping"}'));
    while (!raw.text.includes('"pong"')) await once(raw.socket, 'data');
    raw.send(frame(TEXT, '{"type":'));
    await arrived(1);
    registry.cutLate(WHOLE_MS / 2);
    expect(raw.socket.destroyed).toBe(false);
    raw.socket.destroy();
  });

  it('costs one principal a bounded number of bytes on all its connections, and others none', async () => {
    const memory = server.app.get(MemoryBudget, { strict: false });
    const raws = await Promise.all(Array.from({ length: 8 }, () => joined('mallory')));
    const other = await joined('ann');
    for (const raw of raws) raw.send(partOf(1_000_000, 700_000));
    // what it has not read any more makes a reset of the close
    const ends = raws.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve)));
    await Promise.race(ends);
    other.send(partOf(300_000, 100_000));
    await arrived(100_000);
    // a share of it, and what was on its way on each connection when that was used up
    expect(memory.bytes).toBeLessThanOrEqual(memory.limit / 2);
    for (const raw of raws) raw.socket.destroy();
    await Promise.all(ends);
    while (memory.bytes > 150_000) await new Promise(setImmediate);
    expect(other.socket.destroyed).toBe(false);
    other.socket.destroy();
    while (memory.bytes > 0) await new Promise(setImmediate);
  });
});

describe('a request that does not come whole', () => {
  const REQUESTS: readonly (readonly [what: string, text: string])[] = [
    ['nothing', ''],
    ['half a request line', 'GET /api/ato'],
    ['half an upgrade', 'GET /ws/atome-sync HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upg'],
    ['an upgrade without its last line', upgradeRequest('/ws/atome-sync').slice(0, -2)],
    ['half a request behind a whole one', 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\nGET /api'],
  ];

  it('ends its connection after a bounded time, whatever has come of it', async () => {
    const server = await startApp();
    const http = server.app.getHttpServer() as { headersTimeout: number };
    expect(http.headersTimeout).toBeLessThanOrEqual(15_000);
    // what is left to wait for is the look of the server at its connections
    http.headersTimeout = 100;
    const raws = await Promise.all(
      REQUESTS.map(async ([, text]) => {
        const raw = await RawSocket.open(server.url);
        if (text !== '') raw.send(text);
        return raw;
      }),
    );
    // a byte now and then does not help
    const drip = setInterval(() => raws[1]!.socket.writable && raws[1]!.send('x'), 500);
    const answers = (await Promise.all(raws.map((raw) => raw.ended()))).map(String);
    clearInterval(drip);
    for (const [n, [what]] of REQUESTS.entries()) {
      expect([what, answers[n]!.includes('HTTP/1.1 408') || answers[n] === '']).toEqual([what, true]);
    }
    await server.close();
  });
});
