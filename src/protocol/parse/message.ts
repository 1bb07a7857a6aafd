import { AtomeError } from '../errors.js';
import { isObject, type JsonValue } from '../json.js';
import type { Limits } from '../limits.js';
import type { ClientMessage, Filter, CompatWrite, Subscribe } from '../messages/client-messages.js';
import { parseCondition } from '../query/parse-condition.js';
import { Fields } from './fields.js';
import { parseMutate } from './mutate.js';
import { parseCompat } from './compat.js';
import { guardJson, takeIds, takeKinds, takeParentId } from './write-fields.js';

/**
 * One frame of a client.
 * @throws AtomeError `invalid`, `too_complex` or `unknown_type`.
 */
export function parseMessage(input: unknown, limits: Limits): ClientMessage {
  // it guards itself, and is what comes most
  if (isObject(input) && input.type === 'mutate') return { type: 'mutate', mutation: parseMutate(input, limits) };
  guardJson(input, limits);
  if (!isObject(input) || typeof input.type !== 'string') {
    throw new AtomeError('invalid', 'a message is a JSON object with a "type", such as {"type":"ping"}');
  }
  switch (input.type) {
    case 'ping':
      return { type: 'ping' };
    case 'auth':
      return parseAuth(input);
    case 'subscribe':
      return parseSubscribe(input);
    case 'unsubscribe':
      return { type: 'unsubscribe' };
    case 'presence':
      return { type: 'presence', state: parsePresence(input.state ?? null, limits) };
    case 'atome:created':
    case 'atome:updated':
    case 'atome:altered':
    case 'atome:deleted':
      return parseCompat(input.type satisfies CompatWrite['type'], input, limits);
    default:
      throw new AtomeError(
        'unknown_type',
        `there is no message "${input.type.slice(0, 64)}"; see docs/protocol/websocket.md for those there are`,
      );
  }
}

function parsePresence(state: unknown, { presenceChars }: Limits): JsonValue {
  if (JSON.stringify(state).length <= presenceChars) return state as JsonValue;
  throw new AtomeError(
    'too_large',
    `a presence may take at most ${presenceChars} characters; put the rest into an atome`,
  );
}

function parseAuth(input: unknown): ClientMessage {
  const fields = new Fields(input).ignore('type');
  const token = fields.text('token', /^/, 'the token, a text');
  fields.check();
  return { type: 'auth', token };
}

function parseSubscribe(input: unknown): Subscribe {
  const fields = new Fields(input).ignore('type');
  const cursor = takeCursor(fields);
  const filter = takeFilter(fields);
  const compact = fields.boolean('compact', false);
  const deltas = fields.boolean('deltas', false);
  fields.refuseUnknown().check();
  return { type: 'subscribe', ...cursor, ...filter, compact, deltas };
}

function takeCursor(fields: Fields): Pick<Subscribe, 'epoch' | 'since' | 'hash' | 'rights'> {
  const epoch = fields.textOr('epoch', /^[0-9a-f-]{36}$/, 'the epoch of the ledger, a UUID', undefined);
  const since = fields.integerOr('since', 0, undefined);
  const hash = fields.textOr('hash', /^[0-9a-f]{64}$/, 'a chain hash, 64 hex digits', undefined);
  const rights = fields.textOr('rights', /^[\x21-\x7e]{1,64}$/, 'the rights of your last subscription', undefined);
  return {
    ...(epoch !== undefined && { epoch }),
    ...(since !== undefined && { since }),
    ...(hash !== undefined && { hash }),
    ...(rights !== undefined && { rights }),
  };
}

function takeFilter(fields: Fields): Filter {
  const kinds = takeKinds(fields, 'kinds');
  const types = takeKinds(fields, 'types');
  const ids = takeIds(fields, 'ids');
  return {
    ...(kinds && { kinds }),
    ...(types && { types }),
    ...(ids && { ids }),
    ...(fields.has('parentId') && { parentId: takeParentId(fields) }),
    ...(fields.has('where') && { where: parseCondition(fields.raw('where')) }),
  };
}
