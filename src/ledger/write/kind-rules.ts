import {
  OPERATION_TRAITS,
  assignments,
  contentOf,
  isRedacted,
  type Assignment,
  type AtomeState,
  type Content,
  type Limits,
  type Mutation,
  type Principal,
} from '../../protocol/index.js';
import { Outdated, type PreparedMutation } from './prepared-mutation.js';
import type { PendingAtome } from './pending-atome.js';

/** What a write makes of an atome, as the rules of its kind look at it. */
export interface JudgedWrite {
  readonly before: AtomeState | undefined;
  readonly after: AtomeState;
  readonly by: Principal;
  /** What its author has asked to make of keys, without what the server has added. */
  readonly asked: () => readonly Assignment[];
}

/** What an application asks of the atomes of its kinds. Synchronous and pure: it is asked under the lock of the tenant. */
export interface KindRules {
  /** What a restore brings back, with what it may not change as it is now. */
  restorable(past: Content, now: AtomeState, by: Principal): Content;
  /** A write with what is filled in before it is decided; `known` is the kind of the atome, where the write names none. */
  complete(mutation: PreparedMutation, known?: string): PreparedMutation;
  /** Whether there are any for a kind, so that all of its atomes is looked at. */
  isJudged(kind: string): boolean;
  /** Whether an atome is still of an older version of its kind's schema. */
  isOutdated(atome: AtomeState): boolean;
  /** @throws AtomeError `invalid`, which names each key that does not fit. */
  assertFits(write: JudgedWrite): void;
}

/** What the decision of a write knows of kinds. */
interface Environment {
  readonly kinds?: KindRules | undefined;
  readonly limits: Limits;
}

/** What a restore brings back. */
export function restorableOf(
  restored: Content | Error | undefined,
  { state }: Pick<PendingAtome, 'state'>,
  by: Principal,
  { kinds }: Environment,
): Content | Error | undefined {
  if (!kinds || !restored || restored instanceof Error || isRedacted(state)) return restored;
  return kinds.restorable(contentOf(restored), state, by);
}

/** All of `data` that is written anew, of a kind that only the atome tells. */
export function completeReplaced(
  mutation: PreparedMutation,
  target: Pick<PendingAtome, 'state'> | undefined,
  { kinds }: Environment,
): PreparedMutation {
  const isUnknown = mutation.operation === 'replace' && mutation.changes.kind === undefined;
  return kinds && target && isUnknown ? kinds.complete(mutation, target.state.kind) : mutation;
}

/** @throws Outdated where a write would merge into what an older version of the schema has left. */
export function assertNotOutdated(
  { operation, isUpgrade }: PreparedMutation,
  target: Pick<PendingAtome, 'state'> | undefined,
  { kinds }: Environment,
): void {
  if (!kinds || !target || isUpgrade || OPERATION_TRAITS[operation].writes !== 'data') return;
  if (target.state.deletedAt === null && kinds.isOutdated(target.state)) throw new Outdated(target.state.version);
}

/**
 * Holds what a write makes of an atome against the rules of its kind.
 * @throws AtomeError `invalid`
 */
export function assertKindFits(
  prepared: PreparedMutation,
  write: Omit<JudgedWrite, 'asked'>,
  { kinds, limits }: Environment,
): void {
  const { operation, isAdded, isUpgrade, asked = prepared } = prepared;
  // nobody is kept from taking something away, or from saying who sees it
  if (!kinds || isUpgrade || OPERATION_TRAITS[operation].writes === 'nothing') return;
  kinds.assertFits({ ...write, asked: () => (isAdded ? [] : askedKeys(asked, write.before, limits)) });
}

/** What a write asks to make of keys. A restore asks for none: it leaves alone what it may not change. */
function askedKeys(
  asked: Mutation,
  before: AtomeState | undefined,
  { jsonNodes: values, messageBytes: chars }: Limits,
): readonly Assignment[] {
  if (asked.operation === 'create') {
    return Object.entries(asked.changes.data).map(([key, value]) => ({ path: `data.${key}`, value }));
  }
  if (!before || asked.operation === 'restore' || asked.operation === 'redact') return [];
  return assignments(before, asked, { budget: { values, chars } });
}
