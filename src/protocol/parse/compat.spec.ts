import { describe, expect, it } from '@jest/globals';
import { refusal } from '../../../test/support/refusal.js';
import type { JsonObject } from '../json.js';
import { DEFAULT_LIMITS } from '../limits.js';
import type { ClientMessage } from '../messages/client-messages.js';
import { parseMessage } from './message.js';

const parse = (sent: JsonObject): ClientMessage => parseMessage(sent, DEFAULT_LIMITS);
const envelope = { opId: null, atomeId: 'a1', baseVersion: null, hlc: null, reason: null };
const atome = {
  id: 'a1',
  kind: 'note',
  type: null,
  data: { a: 1 },
  meta: {},
  parentId: null,
  ownerId: 'somebody',
  version: 4,
  createdAt: '2024-01-01T00:00:00.000Z',
  updatedAt: '2024-01-01T00:00:00.000Z',
  deletedAt: null,
};
const { kind, type, data, meta, parentId } = atome;
const content = { kind, type, data, meta, parentId };

describe('a message of the original client', () => {
  it('atome:created says what REST has answered', () => {
    expect(parse({ type: 'atome:created', atome, sourceClient: 'c1', timestamp: 'now' })).toEqual({
      type: 'atome:created',
      version: 4,
      mutation: { ...envelope, operation: 'create', changes: content },
    });
  });

  it.each(['atome:updated', 'atome:altered'])('%s with the atome alone sets what it names', (name) => {
    expect(parse({ type: name, atomeId: 'a1', atome: { version: 5, data: { a: 2 } } })).toEqual({
      type: name,
      version: 5,
      mutation: { ...envelope, operation: 'replace', changes: { data: { a: 2 } } },
    });
  });

  it('atome:altered repeats the alteration of the ledger', () => {
    const alteration = {
      seq: 9,
      atomeId: 'a1',
      version: 5,
      operation: 'update',
      changes: { a: 2 },
      reason: null,
      author: 'somebody',
      sourceClient: null,
      opId: 'op-1',
      hlc: '001700000000000-0000-n1',
      timestamp: '2024-01-01T00:00:00.000Z',
      superseded: [],
    };
    const parsed = parse({ type: 'atome:altered', atomeId: 'a1', alteration, atome });
    expect(parsed).toEqual({
      type: 'atome:altered',
      version: 5,
      mutation: { ...envelope, opId: 'op-1', hlc: alteration.hlc, operation: 'update', changes: { a: 2 } },
    });
    expect(parse({ type: 'atome:altered', atomeId: 'a1', alteration: { ...alteration, opId: null } })).toMatchObject({
      mutation: { opId: null },
    });
  });

  it('atome:altered is about the version of its atome, where the alteration names none', () => {
    const alteration = { operation: 'update', changes: { a: 2 } };
    expect(parse({ type: 'atome:altered', atomeId: 'a1', alteration, atome })).toMatchObject({ version: 4 });
    expect(parse({ type: 'atome:altered', atomeId: 'a1', alteration })).toMatchObject({ version: null });
  });

  it.each<JsonObject>([{ newName: 'x' }, { changes: { newName: 'x' } }, { changes: { name: 'x' } }])(
    'atome:altered renames by %j, at the version of its atome',
    (alteration) => {
      const sent = { type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'rename', ...alteration }, atome };
      expect(parse(sent)).toEqual({
        type: 'atome:altered',
        version: 4,
        mutation: { ...envelope, operation: 'rename', changes: { name: 'x' } },
      });
    },
  );

  it('atome:deleted deletes', () => {
    expect(parse({ type: 'atome:deleted', atomeId: 'a1' })).toEqual({
      type: 'atome:deleted',
      version: null,
      mutation: { ...envelope, operation: 'delete', changes: {} },
    });
    expect(parse({ type: 'atome:deleted', atomeId: 'a1', version: 5 })).toMatchObject({ version: 5 });
  });

  it('is named by device and time, as its REST call was', () => {
    const alteration = { operation: 'rename', changes: { name: 'x' }, deviceId: 'phone', timestamp: 17 };
    expect(parse({ type: 'atome:altered', atomeId: 'a1', alteration })).toMatchObject({
      mutation: { opId: expect.stringMatching(/^phone\/17\/a1\/[0-9a-z]+$/) },
    });
    expect(parse({ type: 'atome:deleted', atomeId: 'a1', deviceId: 'phone', timestamp: '17' })).toMatchObject({
      mutation: { opId: expect.stringMatching(/^phone\/17\/a1\/[0-9a-z]+$/) },
    });
    expect(parse({ type: 'atome:deleted', atomeId: 'a1', opId: 'mine' })).toMatchObject({ mutation: { opId: 'mine' } });
  });

  it('may carry nothing where it could carry a name', () => {
    expect(parse({ type: 'atome:deleted', atomeId: 'a1', opId: null })).toMatchObject({ mutation: { opId: null } });
  });

  it.each<[sent: JsonObject, paths: string[]]>([
    [{ type: 'atome:deleted' }, ['atomeId']],
    [{ type: 'atome:created', atomeId: 'a1' }, ['atome', 'atome.kind', 'atome.data']],
    [{ type: 'atome:updated', atomeId: 'a1' }, ['atome', 'atome']],
    [{ type: 'atome:altered', atomeId: 'a1' }, ['atome', 'atome']],
    [{ type: 'atome:altered', atomeId: 'a1', alteration: 'update' }, ['atome', 'atome']],
    [{ type: 'atome:created', atome: { ...atome, id: 'a b' } }, ['atome.id']],
    [{ type: 'atome:created', atome: { id: 'a1', data: {} } }, ['atome.kind']],
    [{ type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'delete' } }, ['alteration.operation']],
    [{ type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'update' } }, ['alteration.changes']],
    [
      { type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'rename', newName: 1 } },
      ['alteration.changes.name'],
    ],
  ])('%j is refused by field', (sent, paths) => {
    expect(refusal(() => parse(sent))).toEqual(['invalid', ...paths]);
  });

  it('echoes a restore with the state that came back', () => {
    const alteration = { operation: 'restore', changes: { version: 2, ...content } };
    expect(parse({ type: 'atome:altered', atomeId: 'a1', alteration })).toMatchObject({
      mutation: { operation: 'restore', changes: { version: 2 } },
    });
  });

  it('makes no atome that is called null', () => {
    const sent = { type: 'atome:created', atome: { ...atome, id: 'null' } };
    expect(refusal(() => parse(sent))).toEqual(['invalid', 'atome.id']);
  });
});
