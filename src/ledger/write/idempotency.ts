import { createHash } from 'node:crypto';
import {
  AtomeError,
  canonicalJson,
  contentOf,
  equalJson,
  type AtomeState,
  type JsonValue,
  type Mutation,
  type Rights,
} from '../../protocol/index.js';
import type { Outcome } from '../outcome.js';
import type { AlterationRow, IdempotencyRecord } from '../rows.js';
import type { WriteName } from '../store.js';

/* Idempotency: a repeated write gets the first answer. */

/** The author of a receipt that is older than authors. */
export const UNKNOWN_AUTHOR = '';

/** An opId has no line feed, and so each name is of one author. */
export function nameOf({ opId, author }: WriteName): string {
  return `${opId}\n${author}`;
}

/** The first answer to an opId. @throws AtomeError `op_reused` when this is another write under its name. */
export function replayOf(first: IdempotencyRecord, mutation: Mutation, epoch: string): Outcome {
  // a create without an id was given one by the server, another each time
  const sameAtome = first.atomeId === mutation.atomeId || mutation.freshId === true;
  if (first.operation !== mutation.operation || !sameAtome || !isRepeated(first, mutation)) {
    throw new AtomeError(
      'op_reused',
      `the opId "${first.opId}" belongs to another write of yours; use a fresh one for each write`,
    );
  }
  const { atomeId, seq, version, superseded } = first;
  return {
    outcome: 'duplicate',
    epoch,
    atomeId,
    seq,
    version,
    superseded: superseded === null ? [] : (JSON.parse(superseded) as string[]),
    altered: superseded !== null,
  };
}

function isRepeated({ changes }: IdempotencyRecord, mutation: Mutation): boolean {
  const kept: unknown = JSON.parse(changes);
  // what was erased cannot be compared any more; and an atome is erased in one way only
  if (kept === null || mutation.operation === 'redact') return true;
  if (typeof kept === 'string') return kept.split(' ').includes(digestOfAsked(mutation));
  if (mutation.operation === 'restore') return (kept as { version?: unknown }).version === mutation.changes.version;
  return isSameChange(kept, mutation);
}

/** Stands for what a write asks for. */
function digestOfAsked({ operation, changes }: Mutation): string {
  return digestOf(operation === 'restore' ? { version: changes.version } : changes);
}

/** What a receipt keeps of what a write asks for: a JSON text, which no changes are, however long these are. */
export function keptOfAsked(mutation: Mutation): string {
  return JSON.stringify(digestOfAsked(mutation));
}

/** As {@link keptOfAsked}, of a write of which there are only its changes: all that may have been asked for. */
export function keptOfChanges(operation: string, changes: string): string {
  const kept = JSON.parse(changes) as Readonly<Record<string, unknown>> | null;
  if (kept === null) return changes;
  if (operation === 'restore') return JSON.stringify(digestOf({ version: kept.version }));
  if (!ADDED_TO.has(operation)) return JSON.stringify(digestOf(kept));
  const { inherited: _inherited, ...asked } = kept;
  const { access, ...unasked } = asked;
  const all = operation === 'create' && access !== undefined ? [asked, unasked] : [asked];
  return JSON.stringify(all.map(digestOf).join(' '));
}

function digestOf(asked: unknown): string {
  return createHash('sha256').update(canonicalJson(asked)).digest('base64url');
}

/** Operations to whose changes the server adds. */
const ADDED_TO: ReadonlySet<string> = new Set(['create', 'replace', 'share']);

/**
 * Whether a `create` says a creation again, though others have altered the atome since. One that says what the atome is
 * now is a no-op, and one of a deleted atome is refused.
 */
export function isSameCreation(creation: AlterationRow, mutation: Mutation, state: AtomeState): boolean {
  if (mutation.operation !== 'create' || state.deletedAt !== null) return false;
  const isSame = isSameChange(JSON.parse(creation.changes), mutation);
  return isSame && !equalJson(contentOf(state), contentOf(mutation.changes));
}

/** Whether a write asks for what the ledger keeps of one: what the server has added to that does not count. */
function isSameChange(kept: unknown, { operation, changes }: Mutation): boolean {
  if (!ADDED_TO.has(operation)) return equalJson(kept, changes);
  const { inherited: _inherited, ...asked } = kept as Rights & Record<string, JsonValue>;
  if (operation !== 'create' || changes.access !== undefined) return equalJson(asked, changes);
  const { access: _access, ...unasked } = asked;
  return equalJson(unasked, changes);
}
