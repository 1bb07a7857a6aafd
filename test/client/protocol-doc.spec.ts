import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  CloseCode,
  DEFAULT_LIMITS,
  ERRORS,
  isFinalClose,
  OPERATIONS,
  parseMessage,
  PROTOCOL_VERSION,
  type ServerMessage,
} from '../../src/protocol/index.js';
import { startApp } from '../support/server/app.js';
import { examples, table } from '../support/protocol-doc.js';

type Example = Record<string, unknown>;

const UP = new Set(['ping', 'auth', 'subscribe', 'unsubscribe', 'mutate']);
const EVENTS = new Set(['atome:created', 'atome:updated', 'atome:altered', 'atome:deleted']);

/** Whether a client sends it: events that it sends have no place in the ledger yet. */
function isUp(example: Example): boolean {
  const { type, seq, clientId } = example as { type: string; seq?: number; clientId?: string };
  return UP.has(type) || (EVENTS.has(type) && seq === undefined) || (type === 'presence' && clientId === undefined);
}

const messages = examples().filter(({ type }) => typeof type === 'string' && !type.startsWith('urn:'));
const up = messages.filter(isUp);
const down = messages.filter((message) => !isUp(message));

describe('the tables of docs/protocol', () => {
  it('list every error code, with its status', () => {
    const documented = table('code', 'status', 'retryable').map(([code, status, retryable]) => [
      code,
      { status: Number(status), retryable: retryable === 'yes' },
    ]);
    expect(documented).toEqual(Object.entries(ERRORS));
  });

  it('list every close code, and which are final', () => {
    const rows = table('code', 'name');
    expect(Object.fromEntries(rows.map(([code, name]) => [name, Number(code)]))).toEqual(CloseCode);
    const final = rows.filter(([, , , back]) => back === 'no').map(([code]) => Number(code));
    expect(final).toEqual(Object.values(CloseCode).filter(isFinalClose));
  });

  it('list every operation', () => {
    expect(table('operation', 'takes').map(([operation]) => operation)).toEqual(OPERATIONS);
  });

  it('list limits that can be configured', () => {
    const settings = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    const variables = table('limit', 'default', 'variable').flatMap(([, , names = '']) => names.split(', '));
    expect(variables.filter((name) => !settings.includes(`\n${name}=`))).toEqual([]);
  });

  it('list every message, with an example', () => {
    const typesOf = (side: Example[]) => [...new Set(side.map(({ type }) => type))].sort();
    const rows = [...table('type', 'fields', 'when')].map(([type]) => type);
    expect(typesOf(down)).toEqual(rows.sort());
    const upRows = table('type', 'fields', 'meaning').flatMap(([types = '']) => types.split(', '));
    expect(typesOf(up)).toEqual(upRows.sort());
  });
});

describe('the examples of docs/protocol', () => {
  it.each(up.map((message) => [JSON.stringify(message), message] as const))('can be sent: %s', (_text, message) => {
    expect(parseMessage(message, DEFAULT_LIMITS).type).toBe(message.type);
  });

  describe('are what the server says', () => {
    let said: ServerMessage[];
    beforeAll(async () => {
      said = await conversation();
    });

    it.each(down.map((message) => [String(message.type), message] as const))('%s', (type, message) => {
      const shapes = new Set(said.filter((each) => each.type === type).map((each) => shape(each)));
      expect([...shapes]).toContain(shape(message));
    });
  });

  it('speak the version of the code', () => {
    expect(messages.find(({ type }) => type === 'welcome')).toMatchObject({ protocol: PROTOCOL_VERSION });
  });
});

/** What a message is made of: names and kinds of its fields; what atomes contain, and what goes wrong, differs. */
function shape(value: unknown, key = ''): string {
  if (['data', 'changes', 'state', 'details', 'roles'].includes(key)) return key;
  if (Array.isArray(value)) return value.length > 0 ? `[${shape(value[0])}]` : '[]';
  if (typeof value !== 'object' || value === null) return key === 'type' ? String(value) : 'value';
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${name}: ${shape(field, name)}`).join(', ')}}`;
}

/** Has a server say each of its messages. */
async function conversation(): Promise<ServerMessage[]> {
  const server = await startApp();
  const { app, api } = server;
  const [plain, range, brief] = [await server.connect(), await server.connect(), await server.connect()];
  plain.send({ type: 'auth', token: 'any' });
  await plain.settled();
  range.send({ type: 'subscribe', since: 0, kinds: ['note'] });
  brief.send({ type: 'subscribe', since: 0, deltas: true });
  await Promise.all([range, brief].map((socket) => socket.next('sync:live')));
  await api.create({ title: 'A' }, { id: 'a' });
  await api.put('/api/atome/a', { data: { title: 'B' } });
  await api.post('/api/atome/a/rename', { newName: 'b' }, { 'idempotency-key': 'op-1' });
  await api.delete('/api/atome/a');
  await api.post('/api/atome/a/restore', { version: 1 });
  const write = { type: 'mutate', operation: 'update', atomeId: 'a', changes: { title: 'C' } };
  const late = { ...write, opId: 'op-3', changes: { title: 'late' }, hlc: '001700000000000-0000-A' };
  range.send({ ...write, opId: 'op-2' });
  [late, late].forEach((message) => range.send(message));
  range.send({ ...write, opId: 'op-4', baseVersion: 1 });
  range.send({ type: 'presence', state: 1 });
  range.send({ type: 'nonsense' });
  await range.settled();
  await api.put('/api/atome/a', { kind: 'task' });
  range.send({ type: 'subscribe', since: 1_000 });
  await range.next('sync:reset');
  await plain.next('presence');
  await app.close();
  await Promise.all([plain, range, brief].map((socket) => socket.closed()));
  const said: ServerMessage[] = [plain, range, brief].flatMap(({ received }) => received);
  return [...said, ...said.flatMap((message) => (message.type === 'events' ? message.events : []))];
}
