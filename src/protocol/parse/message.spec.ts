import { describe, expect, it } from '@jest/globals';
import { refusal } from '../../../test/support/refusal.js';
import type { JsonObject } from '../json.js';
import { DEFAULT_LIMITS } from '../limits.js';
import type { ClientMessage } from '../messages/client-messages.js';
import { decodeJson } from './decode.js';
import { parseMessage } from './message.js';

const parse = (input: unknown): ClientMessage => parseMessage(input, DEFAULT_LIMITS);
const EPOCH = '0197a6d4-7b7e-7aaa-8bbb-123456789abc';
const HASH = 'ab'.repeat(32);

describe('parseMessage', () => {
  it.each<[sent: JsonObject, message: unknown]>([
    [{ type: 'ping', timestamp: 'now' }, { type: 'ping' }],
    [
      { type: 'auth', token: 'secret' },
      { type: 'auth', token: 'secret' },
    ],
    [{ type: 'unsubscribe' }, { type: 'unsubscribe' }],
    [{ type: 'subscribe' }, { type: 'subscribe', compact: false, deltas: false }],
    [
      { type: 'subscribe', epoch: EPOCH, since: 0, hash: HASH, compact: true, deltas: true },
      { type: 'subscribe', epoch: EPOCH, since: 0, hash: HASH, compact: true, deltas: true },
    ],
    [
      { type: 'subscribe', kinds: ['note'], types: [], ids: ['a1'], parentId: null },
      { type: 'subscribe', kinds: ['note'], types: [], ids: ['a1'], parentId: null, compact: false, deltas: false },
    ],
    [
      { type: 'subscribe', where: { kind: 'note' } },
      {
        type: 'subscribe',
        where: { field: { own: 'kind' }, operator: 'eq', value: 'note' },
        compact: false,
        deltas: false,
      },
    ],
    [
      { type: 'presence', state: { at: [1, 2] } },
      { type: 'presence', state: { at: [1, 2] } },
    ],
    [{ type: 'presence' }, { type: 'presence', state: null }],
  ])('takes %j', (sent, message) => {
    expect(parse(sent)).toEqual(message);
  });

  it('takes a write', () => {
    const sent = { type: 'mutate', opId: 'op-1', operation: 'delete', atomeId: 'a1' };
    expect(parse(sent)).toMatchObject({ type: 'mutate', mutation: { opId: 'op-1', operation: 'delete' } });
  });

  it.each<[sent: JsonObject, path: string]>([
    [{ type: 'auth' }, 'token'],
    [{ type: 'auth', token: 1 }, 'token'],
    [{ type: 'subscribe', epoch: 'first' }, 'epoch'],
    [{ type: 'subscribe', since: -1 }, 'since'],
    [{ type: 'subscribe', since: 1.5 }, 'since'],
    [{ type: 'subscribe', since: '7' }, 'since'],
    [{ type: 'subscribe', since: 2 ** 53 }, 'since'],
    [{ type: 'subscribe', hash: 'AB' }, 'hash'],
    [{ type: 'subscribe', kinds: 'note' }, 'kinds'],
    [{ type: 'subscribe', types: ['a b'] }, 'types'],
    [{ type: 'subscribe', ids: Array<string>(1_001).fill('a') }, 'ids'],
    [{ type: 'subscribe', parentId: 1 }, 'parentId'],
    [{ type: 'subscribe', where: null }, 'where'],
    [{ type: 'subscribe', where: { or: [{ nothing: 1 }] } }, 'where'],
    [{ type: 'subscribe', compact: 'yes' }, 'compact'],
    [{ type: 'subscribe', limit: 1 }, 'limit'],
  ])('refuses %j for its %s', (sent, path) => {
    expect(refusal(() => parse(sent))).toEqual(['invalid', path]);
  });

  it.each([null, 1, 'ping', [], {}, { type: 1 }])('refuses %j, which is no message', (sent) => {
    expect(refusal(() => parse(sent))).toEqual(['invalid']);
  });

  it('says which type it does not know', () => {
    expect(() => parse({ type: 'dance' })).toThrow(
      expect.objectContaining({ code: 'unknown_type', message: expect.stringContaining('"dance"') }),
    );
  });

  it('looks at depth before anything else', () => {
    const deep: unknown = JSON.parse(`{"type":"presence","state":${'['.repeat(50)}${']'.repeat(50)}}`);
    expect(refusal(() => parse(deep))[0]).toBe('too_complex');
  });
});

describe('decodeJson', () => {
  it('decodes', () => {
    expect(decodeJson('{"type":"ping"}')).toEqual({ type: 'ping' });
  });

  it.each(['', '{', '{"a":1,}', 'undefined', "{'a':1}"])('says what is wrong with %j', (text) => {
    expect(() => decodeJson(text)).toThrow(
      expect.objectContaining({ code: 'invalid_json', message: expect.stringMatching(/^not valid JSON: ./) }),
    );
  });
});
