import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../../support/server/app.js';
import { frame, RawSocket, upgradeRequest } from '../../support/clients/raw-socket.js';
import type { TestSocket } from '../../support/clients/socket.js';

const NO_EPOCH = '00000000-0000-4000-8000-000000000000';
const mutate = (fields: object) => ({ type: 'mutate', opId: 'op-bad', atomeId: 'a1', ...fields });
const deep = (levels: number): string => `{"type":"presence","state":${'['.repeat(levels)}${']'.repeat(levels)}}`;
/** A row with a name of bearable length. */
const named = ([code, sent]: [code: string, sent: unknown]) => {
  return { code, sent, text: (typeof sent === 'string' ? sent : JSON.stringify(sent)).slice(0, 100) };
};
const SENTENCE = /^\S+(?: \S+){2,}/s;

describe('malformed messages', () => {
  let server: TestApp;
  let socket: TestSocket;
  beforeAll(async () => {
    server = await startApp();
    await server.api.create({ title: 'safe' }, { id: 'a1' });
    socket = await server.connect();
  });
  afterAll(async () => {
    try {
      expect((await server.api.get('/api/server-info')).body.seq).toBe(1);
    } finally {
      await server.close();
    }
  });

  const nameless: [code: string, sent: unknown][] = [
    ['invalid_json', ''],
    ['invalid_json', '{'],
    ['invalid_json', "{'type':'ping'}"],
    ['invalid_json', 'ping'],
    ['invalid', 'null'],
    ['invalid', '[]'],
    ['invalid', '"ping"'],
    ['invalid', '7'],
    ['invalid', {}],
    ['invalid', { type: null }],
    ['invalid', { type: 7 }],
    ['invalid', { type: ['ping'] }],
    ['unknown_type', { type: '' }],
    ['unknown_type', { type: 'dance' }],
    ['unknown_type', { type: 'toString' }],
    ['unknown_type', { type: 'welcome' }],
    ['unknown_type', { type: 'x'.repeat(100_000) }],
    ['invalid', Buffer.from('{"type":"ping"}')],
    ['invalid', Buffer.alloc(0)],
    ['too_complex', deep(40)],
    ['too_complex', deep(100_000)],
    ['too_complex', { type: 'presence', state: Array(10_001).fill(0) }],
    ['invalid', '{"type":"presence","state":{"__proto__":{"a":1}}}'],
    ['invalid', '{"type":"presence","state":1e999}'],
    ['invalid', { type: 'auth' }],
    ['invalid', { type: 'auth', token: {} }],
    ['invalid', { type: 'subscribe', since: -1 }],
    ['invalid', { type: 'subscribe', since: 'text' }],
    ['invalid', '{"type":"subscribe","since":1e999}'],
    ['invalid', { type: 'subscribe', since: null }],
    ['invalid', { type: 'subscribe', epoch: 'first' }],
    ['invalid', { type: 'subscribe', hash: 'abc' }],
    ['invalid', { type: 'subscribe', kinds: 'note' }],
    ['invalid', { type: 'subscribe', ids: Array(1_001).fill('a') }],
    ['invalid', { type: 'subscribe', colour: 'red' }],
    ['invalid', { type: 'mutate' }],
    ['invalid', { type: 'mutate', opId: 7, operation: 'delete', atomeId: 'a1' }],
    ['invalid', { type: 'atome:created' }],
    ['invalid', { type: 'atome:created', atome: 'a1' }],
    ['invalid', { type: 'atome:updated', atome: { id: 'a1', version: 2 ** 40, data: {} } }],
    ['invalid', { type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'create', changes: {} } }],
    ['invalid', { type: 'atome:deleted', atomeId: 'a/b' }],
    ['not_found', { type: 'atome:deleted', atomeId: 'nobody' }],
    ['not_found', { type: 'atome:altered', atomeId: 'nobody', atome: { data: {} } }],
  ];
  it.each(nameless.map(named))('get an error, $code, and leave the connection open: $text', async ({ code, sent }) => {
    socket.send(sent);
    const error = await socket.next('error');
    expect(error).toMatchObject({ code, message: expect.stringMatching(SENTENCE) });
    expect(JSON.stringify(error).length).toBeLessThan(20_000);
    await socket.settled();
  });

  it.each<[code: string, sent: unknown]>([
    ['invalid', mutate({})],
    ['invalid', mutate({ operation: 'explode' })],
    ['invalid', mutate({ operation: 'update', changes: [] })],
    ['invalid', mutate({ operation: 'update', changes: {}, atomeId: 'a b' })],
    ['invalid', mutate({ operation: 'update', changes: { a: 1 }, colour: 'red' })],
    ['invalid', mutate({ operation: 'update', changes: { a: 1 }, hlc: 'noon' })],
    ['invalid', mutate({ operation: 'update', changes: { a: 1 }, baseVersion: 0 })],
    ['invalid', mutate({ operation: 'delete', reason: 'r'.repeat(1_001) })],
    ['invalid', mutate({ operation: 'restore', changes: { version: 2 ** 53 - 1 } })],
    ['invalid', '{"type":"mutate","opId":"op-bad","operation":"update","atomeId":"a1","changes":{"a":1e999}}'],
    ['invalid', '{"type":"mutate","opId":"op-bad","operation":"update","atomeId":"a1","changes":{"__proto__":1}}'],
    ['too_complex', mutate({ operation: 'update', changes: { a: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) } })],
    ['conflict', mutate({ operation: 'update', changes: { a: 1 }, baseVersion: 9 })],
    ['patch_failed', mutate({ operation: 'patch', changes: [{ op: 'remove', path: '/x/y' }] })],
    ['not_found', mutate({ operation: 'restore', changes: { version: 9 } })],
    ['not_found', mutate({ operation: 'update', changes: { a: 1 }, atomeId: 'nobody' })],
    ['exists', mutate({ operation: 'create', kind: 'note', data: { other: true } })],
  ])('that name their write get a nack, %s: %j', async (code, sent) => {
    socket.send(sent);
    const { opId, error } = await socket.next('nack');
    expect(opId).toBe('op-bad');
    expect(error).toMatchObject({ code, message: expect.stringMatching(SENTENCE), retryable: false });
    await socket.settled();
  });

  it.each([
    ['future', { since: 99 }],
    ['future', { since: 2 ** 53 - 1 }],
    ['epoch', { since: 0, epoch: NO_EPOCH }],
    ['forked', { since: 1, hash: '0'.repeat(64) }],
  ])('ask for a cursor that cannot be continued: sync:reset, %s', async (reason, cursor) => {
    socket.send({ type: 'subscribe', ...cursor });
    expect(await socket.next('sync:reset')).toEqual({ type: 'sync:reset', reason, epoch: expect.any(String), head: 1 });
    await socket.settled();
  });

  it('that are larger than 1 MiB close with 1009', async () => {
    const own = await server.connect();
    own.send({ type: 'presence', state: 'x'.repeat(1 << 20) });
    expect((await own.closed()).code).toBe(1009);
  });

  const upgraded: [what: string, code: number | undefined, bytes: Buffer[]][] = [
    ['text that is not UTF-8', 1007, [frame(0x81, Buffer.from([0x22, 0xff, 0x22]))]],
    ['half a character', 1007, [frame(0x81, Buffer.from([0xe2, 0x82]))]],
    ['a frame without a mask', 1002, [frame(0x81, '{}', false)]],
    ['reserved bits', 1002, [frame(0xf1, '{}')]],
    ['an unknown opcode', 1002, [frame(0x83, '{}')]],
    ['a continuation of nothing', 1002, [frame(0x80, '{}')]],
    ['a ping in two parts', 1002, [frame(0x09, 'x')]],
    ['a close code that does not exist', 1002, [frame(0x88, Buffer.from([0, 1]))]],
    ['a compressed frame that was not agreed on', 1002, [frame(0xc1, '{}')]],
    ['a length without end', 1009, [Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4])]],
    ['too many fragments', 1008, [frame(0x01, ''), ...Array.from({ length: 1_100 }, () => frame(0x00, ' '))]],
    ['HTTP', 1002, [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
  ];
  it.each(upgraded)('on the wire: %s closes with %i', async (_what, code, bytes) => {
    const raw = await RawSocket.upgrade(server.wsUrl);
    bytes.forEach((each) => raw.send(each));
    expect(await raw.closeCode()).toBe(code);
    await socket.settled();
  });

  it('on the wire: half a frame and a cut connection disturb nobody', async () => {
    const raw = await RawSocket.upgrade(server.wsUrl);
    raw.send(frame(0x81, '{"type":"ping"}').subarray(0, 9));
    raw.socket.destroy();
    await raw.ended();
    await socket.settled();
  });

  it.each([
    ['an unknown path', upgradeRequest('/ws/nowhere')],
    ['no key', upgradeRequest('/ws/atome-sync', { 'Sec-WebSocket-Key': '' })],
    ['an unknown version', upgradeRequest('/ws/atome-sync', { 'Sec-WebSocket-Version': '99' })],
    ['another protocol', upgradeRequest('/ws/atome-sync', { Upgrade: 'h2c' })],
    ['no HTTP at all', '\u0016\u0003\u0001 hello\r\n\r\n'],
  ])('a handshake with %s is refused', async (_what, request) => {
    const raw = await RawSocket.open(server.url);
    raw.send(request);
    raw.socket.end();
    expect((await raw.ended()).toString()).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
    await socket.settled();
  });
});
