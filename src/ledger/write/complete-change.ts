import {
  AtomeError,
  contentOf,
  isRedacted,
  redacted,
  tombstoneOf,
  type Content,
  type Mutation,
  type ReadyMutation,
} from '../../protocol/index.js';
import { accessColumns } from '../access-columns.js';
import type { PendingAtome } from './pending-atome.js';

/** The change with all that the ledger keeps of it: what stays of an erased atome, and the state that is restored. */
export function completeChange(
  mutation: Mutation,
  target: PendingAtome | undefined,
  restored: Content | Error | undefined,
): ReadyMutation {
  const { atomeId } = mutation;
  if (mutation.operation === 'redact') {
    if (!target) throw new AtomeError('not_found', `there is no atome "${atomeId}"`);
    const { state, audience } = target;
    const isPlain = accessColumns(state, audience).access === null;
    return { ...mutation, changes: tombstoneOf(state, isPlain ? undefined : audience) };
  }
  if (mutation.operation !== 'restore') return mutation;
  if (target && isRedacted(target.state)) throw redacted(target.state);
  if (restored instanceof Error) throw restored;
  const { version } = mutation.changes;
  if (restored) return { ...mutation, changes: { version, ...contentOf(restored) } };
  throw new AtomeError(
    'not_found',
    target
      ? `the atome "${atomeId}" has no version ${version}; it has 1 to ${target.state.version}`
      : `there is no atome "${atomeId}"; nothing can be restored`,
  );
}
