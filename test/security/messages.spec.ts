import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ClientMessage, ServerMessage } from '../../src/protocol/index.js';
import { inSeconds, tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import type { TestSocket } from '../support/clients/socket.js';

type Answer = ServerMessage['type'];
interface Case {
  readonly message: object;
  /** The answer to whoever may; undefined when there is none. */
  readonly good: Answer | undefined;
  readonly needs: 'nothing' | 'reader' | 'writer';
  /** The code of the answer where the atome is another tenant's. */
  readonly foreign?: string;
}

const ATOME = { id: 'note', kind: 'note', data: { a: 2 } };
/** Every message; the compiler asks for a new one. */
const MESSAGES: Record<ClientMessage['type'], Case> = {
  ping: { message: {}, good: 'pong', needs: 'nothing' },
  auth: { message: { token: tokenOf('reader') }, good: 'auth:success', needs: 'nothing' },
  subscribe: { message: { since: 0 }, good: 'events', needs: 'reader' },
  unsubscribe: { message: {}, good: undefined, needs: 'reader' },
  presence: { message: { state: 1 }, good: undefined, needs: 'reader' },
  mutate: {
    message: { opId: 'op', operation: 'update', atomeId: 'note', changes: { a: 2 } },
    good: 'ack',
    needs: 'writer',
    foreign: 'not_found',
  },
  'atome:created': { message: { atome: { ...ATOME, id: 'new' } }, good: undefined, needs: 'writer' },
  'atome:updated': { message: { atome: ATOME }, good: undefined, needs: 'writer', foreign: 'not_found' },
  'atome:altered': {
    message: { atomeId: 'note', alteration: { operation: 'update', changes: { a: 2 } } },
    good: undefined,
    needs: 'writer',
    foreign: 'not_found',
  },
  'atome:deleted': { message: { atomeId: 'note' }, good: undefined, needs: 'writer', foreign: 'not_found' },
};
const CASES = Object.entries(MESSAGES);

describe('the message', () => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startApp(WITH_TOKENS);
    await server.api.as(tokenOf('admin')).create({ a: 1 }, { id: 'note' });
  });
  afterEach(() => server.close());

  /** What comes back for one message, its answer to a ping behind it left out. */
  const answersTo = async (socket: TestSocket, message: object): Promise<ServerMessage[]> => {
    const before = socket.received.length;
    socket.send(message);
    const { type } = message as { type: string };
    if (type === 'ping') return [await socket.next('pong')];
    // a write is not waited for
    if (type === 'mutate') return [await socket.answer()];
    await socket.settled();
    return socket.received.slice(before, -1);
  };
  const codeOf = (answer: ServerMessage | undefined): string | undefined =>
    answer?.type === 'nack' ? answer.error.code : answer?.type === 'error' ? answer.code : undefined;
  const head = async (): Promise<unknown> => (await server.api.as(tokenOf('admin')).get('/api/server-info')).body.seq;
  const open = async (token: string): Promise<TestSocket> => {
    const socket = await server.connect(bearer(token));
    await socket.next('welcome');
    await socket.settled();
    return socket;
  };

  it.each(CASES)('%s without a token', async (type, { message, good, needs }) => {
    const socket = await server.connect();
    await socket.next('welcome');
    const answers = await answersTo(socket, { type, ...message });
    if (needs === 'nothing') return expect(answers).toContainEqual(expect.objectContaining({ type: good }));
    expect(answers.map(codeOf)).toEqual(['unauthenticated']);
    expect(answers[0]!.type).toBe(type === 'mutate' ? 'nack' : 'error');
    expect(await head()).toBe(1);
  });

  it.each(CASES)('%s of a reader', async (type, { message, good, needs }) => {
    const answers = await answersTo(await open(tokenOf('reader')), { type, ...message });
    if (needs !== 'writer') return expect(answers.at(-1)?.type).toBe(good);
    expect(answers.map(codeOf)).toEqual(['forbidden']);
    expect(answers[0]!.type).toBe(type === 'mutate' ? 'nack' : 'error');
    expect(await head()).toBe(1);
  });

  describe.each(['writer', 'admin'])('of a(n) %s', (role) => {
    it.each(CASES)('%s', async (type, { message, good, needs }) => {
      // a token renews the same principal only
      const renewal = type === 'auth' && { token: tokenOf(role) };
      const answers = await answersTo(await open(tokenOf(role)), { type, ...message, ...renewal });
      expect(answers.map(codeOf)).toEqual(answers.map(() => undefined));
      expect(answers.at(-1)?.type).toBe(good);
      expect(await head()).toBe(needs === 'writer' ? 2 : 1);
    });
  });

  it.each(CASES.filter(([type]) => type !== 'auth'))(
    '%s of a writer of another tenant',
    async (type, { message, foreign }) => {
      const answers = await answersTo(await open(tokenOf('writer', { tenant: 'other' })), { type, ...message });
      expect(answers.map(codeOf).filter((code) => code !== undefined)).toEqual(foreign === undefined ? [] : [foreign]);
      expect(JSON.stringify(answers)).not.toContain('"a":1');
      expect(await head()).toBe(1);
    },
  );

  it.each(CASES.filter(([type]) => type !== 'auth'))(
    '%s of a stranger to the atome',
    async (type, { message, foreign }) => {
      await server.api.as(tokenOf('admin')).post('/api/atome/note/share', { access: 'private' });
      const answers = await answersTo(await open(tokenOf('writer')), { type, ...message });
      expect(answers.map(codeOf).filter((code) => code !== undefined)).toEqual(foreign === undefined ? [] : [foreign]);
      expect(JSON.stringify(answers)).not.toContain('"a":1');
      expect(await head()).toBe(type === 'atome:created' ? 3 : 2);
    },
  );

  it.each(CASES.filter(([type]) => type !== 'auth'))(
    '%s of the owner of a private atome',
    async (type, { message, good, needs }) => {
      await server.api.as(tokenOf('writer')).create({ a: 1 }, { id: 'mine', access: 'private' });
      const mine = JSON.parse(JSON.stringify(message).replaceAll('"note"', '"mine"')) as object;
      const answers = await answersTo(await open(tokenOf('writer')), { type, ...mine });
      expect(answers.map(codeOf)).toEqual(answers.map(() => undefined));
      expect(answers.at(-1)?.type).toBe(good);
      expect(await head()).toBe(needs === 'writer' ? 3 : 2);
    },
  );

  it.each([
    ['garbage', 'garbage', 4401],
    ['an expired token', tokenOf('admin', { exp: inSeconds(-60) }), 4401],
    ['no role', tokenOf('nobody', { roles: [] }), 4403],
    ['a role of others', tokenOf('owner'), 4403],
  ])('auth with %s ends the connection, and so does the header', async (_what, token, code) => {
    const socket = await server.connect();
    await socket.next('welcome');
    socket.send({ type: 'auth', token });
    for (const [type, { message }] of CASES) socket.send({ type, ...message });
    expect(await socket.closed()).toMatchObject({ code });
    expect(socket.received.map(({ type }) => type)).toEqual(['welcome', 'error']);

    const early = await server.connect(bearer(token));
    expect(await early.closed()).toMatchObject({ code });
    expect(early.received.map(({ type }) => type)).toEqual(['error']);
    expect(await head()).toBe(1);
  });
});
