import {
  AtomeError,
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
  const changes: unknown = JSON.parse(first.changes);
  const same =
    // what was erased cannot be compared any more; and an atome is erased in one way only
    changes === null || mutation.operation === 'redact'
      ? true
      : mutation.operation === 'restore'
        ? (changes as { version?: unknown }).version === mutation.changes.version
        : isSameChange(changes, mutation);
  if (first.operation !== mutation.operation || !sameAtome || !same) {
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
    superseded: superseded == null ? [] : (JSON.parse(superseded) as string[]),
    altered: superseded != null,
  };
}

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
  if (operation !== 'create' && operation !== 'replace' && operation !== 'share') return equalJson(kept, changes);
  const { inherited: _inherited, ...asked } = kept as Rights & Record<string, JsonValue>;
  if (operation !== 'create' || changes.access !== undefined) return equalJson(asked, changes);
  const { access: _access, ...unasked } = asked;
  return equalJson(unasked, changes);
}
