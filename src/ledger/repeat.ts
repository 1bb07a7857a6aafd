import { AtomeError, contentOf, equalJson, type AtomeState, type Mutation } from '../protocol/index.js';
import type { Outcome } from './outcome.js';
import type { AlterationRow, ReceiptRow } from './rows.js';

/* The same write once: what comes again gets the first answer. */

/** The first answer to an opId. @throws AtomeError `op_reused` when this is another write under its name. */
export function repeat(first: ReceiptRow, mutation: Mutation): Outcome {
  // a create without an id was given one by the server, another each time
  const sameAtome = first.atomeId === mutation.atomeId || mutation.freshId === true;
  const changes: unknown = JSON.parse(first.changes);
  const same =
    mutation.operation === 'restore'
      ? (changes as { version?: unknown }).version === mutation.changes.version
      : equalJson(changes, mutation.changes);
  if (first.operation !== mutation.operation || !sameAtome || !same) {
    throw new AtomeError(
      'op_reused',
      `the opId "${first.opId}" belongs to another write; use a fresh one for each write`,
    );
  }
  const { atomeId, seq, version, superseded } = first;
  return {
    outcome: 'duplicate',
    atomeId,
    seq,
    version,
    superseded: superseded == null ? [] : (JSON.parse(superseded) as string[]),
    altered: superseded != null,
  };
}

/**
 * The creation that a `create` says again, though others have altered the atome since. One that says what the
 * atome is now is a no-op, and one of a deleted atome is refused: undefined for both.
 */
export function createdAgain(
  creation: AlterationRow | undefined,
  { operation, changes }: Mutation,
  state: AtomeState,
): AlterationRow | undefined {
  if (operation !== 'create' || !creation || state.deletedAt !== null) return undefined;
  const isSame = equalJson(JSON.parse(creation.changes), changes) && !equalJson(contentOf(state), changes);
  return isSame ? creation : undefined;
}
