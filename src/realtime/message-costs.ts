import type { ClientMessage } from '../protocol/index.js';

/** What a message costs that is answered, or handed on, without a look at the ledger. */
const CHEAP = 1;
/** A signature is checked. */
const AUTH = 5;
/** Pages of the ledger are read, and sent. */
const SUBSCRIBE = 5;
/** The newest alterations are looked for in all of the ledger, each with its atome. */
const COMPACT = 10;
/** What a condition adds: each state is looked at, and that before it. */
const WHERE = 5;
/** Goes out to everybody in the tenant. */
const PRESENCE = 2;

/** Writes are charged by what they write: by `TENANT_WRITES_PER_SECOND` and the quotas. */
const COSTS: Readonly<Record<ClientMessage['type'], number>> = {
  ping: CHEAP,
  auth: AUTH,
  subscribe: SUBSCRIBE,
  unsubscribe: CHEAP,
  presence: PRESENCE,
  mutate: CHEAP,
  'atome:created': CHEAP,
  'atome:updated': CHEAP,
  'atome:altered': CHEAP,
  'atome:deleted': CHEAP,
};

/** Characters of a presence that cost one more. */
const PRESENCE_CHARS = 256;

/** What a message of so many characters costs; a ping costs one. */
export function costOf(message: ClientMessage, chars: number): number {
  if (message.type === 'presence') return PRESENCE + Math.floor(chars / PRESENCE_CHARS);
  if (message.type !== 'subscribe') return COSTS[message.type];
  return (message.compact ? COMPACT : SUBSCRIBE) + (message.where ? WHERE : 0);
}
