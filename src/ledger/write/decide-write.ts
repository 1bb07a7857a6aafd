import {
  AtomeError,
  OPERATION_TRAITS,
  assertAllowed,
  clampHlc,
  decide,
  fold,
  sameRights,
  type AtomeState,
  type Content,
  type Mutation,
  type Principal,
  type ReadyMutation,
} from '../../protocol/index.js';
import { newAlteration } from '../new-alteration.js';
import type { Committed, Outcome, WriteOrigin } from '../outcome.js';
import { withoutClocks } from '../row-mapper.js';
import type { AlterationRow } from '../rows.js';
import type { Additions, LockedState } from '../store.js';
import { LARGE } from '../turns.js';
import { AccessInheritance, assertResultAllowed } from './access-inheritance.js';
import { adoptInto } from './adopt.js';
import { appendEntry } from './append-entry.js';
import { freesSpace, takesRights } from './always-allowed.js';
import { completeChange } from './complete-change.js';
import { excerptOf } from './excerpt.js';
import { GroupInheritance } from './group-inheritance.js';
import { GroupState } from './group-state.js';
import { isSameCreation, replayOf } from './idempotency.js';
import { assertKindFits, assertNotOutdated, completeReplaced, restorableOf } from './kind-rules.js';
import { assertPreconditions } from './preconditions.js';
import type { PendingAtome } from './pending-atome.js';
import { assertPrepared, type PreparedMutation } from './prepared-mutation.js';
import { assertWithinQuotas } from './quotas.js';
import { assertResultFits } from './result-bounds.js';
import { MAX_DOCUMENT_BYTES } from './group-size.js';
import { DecideApart, DocumentNotRead, GivenUp, tooLarge, undecidable } from './undecidable.js';
import type { WriteEnvironment } from './write-environment.js';

/*
 * The decision of a write, between the reading of the state and the inserts:
 * replayOf → authorizeTarget → excerptOf → completeReplaced → assertPrepared → assertPreconditions → assertNotOutdated →
 * restorableOf → completeChange → inheritAccess → isSameCreation → stampFor → decide → inheritOnMove, and then, of what it
 * comes to, fold → assertResultAllowed → assertCopiesFit → appendEntry → assertResultFits → assertKindFits →
 * assertWithinQuotas. What an edge takes over is decided by adoptInto instead. Only the GroupState changes.
 */

export interface WriteRequest {
  readonly mutation: PreparedMutation;
  readonly origin: WriteOrigin;
  /** The state that a `restore` goes back to, looked up beforehand: history never changes. Or why it was not found. */
  readonly restored?: Content | Error | undefined;
}

export interface GroupPlan {
  /** In the order of the requests; those that are missing at the end are to be decided in another group. */
  readonly outcomes: readonly (Outcome | AtomeError)[];
  readonly committed: readonly Committed[];
  /** null when nothing is to be written. */
  readonly additions: Additions | null;
  /** About how many bytes the large atomes have that each principal's writes looked at, each as often as it was. */
  readonly large: ReadonlyMap<string, number>;
  /** The author of the one whose check was given up, how long that kept the event loop, and how much of it is theirs to answer for. */
  readonly givenUp?: { readonly id: string; readonly heldMs: number; readonly tookMs: number };
}

interface Provenance {
  readonly origin: WriteOrigin;
  readonly prepared: PreparedMutation;
  readonly hlc: string;
}

type Applied = Extract<ReturnType<typeof decide>, { outcome: 'applied' }>;

/** What each step is given besides its write. */
interface Decision {
  readonly group: GroupState;
  /** The atomes of the group, as they are to be judged. */
  readonly graph: GroupInheritance;
  readonly inheritance: AccessInheritance;
  readonly environment: WriteEnvironment;
}

/**
 * Decides the writes of a group one after the other, until their atomes are too large together; a refused one leaves no trace.
 * @param isAtomic all of them are written, or none: what is refused refuses the others.
 * @throws DecideApart where one needs what was not read, or several together may be too many where each is not.
 */
export function planGroup(
  before: LockedState,
  requests: readonly WriteRequest[],
  environment: WriteEnvironment,
  isAtomic = false,
): GroupPlan {
  const group = new GroupState(before, environment.now());
  const graph = new GroupInheritance(before, group, requests.length === 1);
  const decision = { group, graph, inheritance: new AccessInheritance(graph, environment.rules), environment };
  const outcomes: (Outcome | AtomeError)[] = [];
  const most = MAX_DOCUMENT_BYTES[isAtomic ? 'atomic' : 'each'];
  const large = new Map<string, number>();
  let bytes = 0;
  let main: Outcome | undefined;
  let givenUp: GroupPlan['givenUp'];
  for (const request of requests) {
    const { isAdded } = request.mutation;
    if (isAdded && main && main.outcome !== 'applied') {
      outcomes.push(main);
      continue;
    }
    const before = sizeOf(request, group);
    const isLarge = outcomes.length > 0 && bytes + before > most;
    const outcome = isLarge ? 'later' : attempt(request, decision);
    const size = Math.max(before, sizeOf(request, group));
    bytes += size;
    const { id } = request.origin.principal;
    if (size >= LARGE) large.set(id, (large.get(id) ?? 0) + size);
    if (outcome === 'later' && !isAtomic && outcomes.length > 0) break;
    const decided = outcome !== 'later' ? outcome : isAtomic ? tooLarge() : undecidable(new DocumentNotRead());
    if (decided instanceof GivenUp) givenUp = { id, heldMs: decided.heldMs, tookMs: decided.tookMs };
    if (isAtomic && decided instanceof AtomeError) {
      const none = noneOf(requests.length, outcomes.length, decided);
      return { outcomes: none, committed: [], additions: null, large, ...(givenUp && { givenUp }) };
    }
    outcomes.push(decided);
    // others come in between
    if (givenUp) break;
    if (!isAdded && !(decided instanceof AtomeError)) main = decided;
  }
  const [committed, additions] = [graph.committed(), group.additions()];
  return { outcomes, committed, additions, large, ...(givenUp && { givenUp }) };
}

/** What each of several is answered that are written all or none, of which one was refused. */
export function noneOf(count: number, refused: number, refusal: AtomeError): AtomeError[] {
  const { code, message, details } = refusal;
  const text = `nothing was written, since the write at place ${refused} was refused: ${message}`;
  return Array.from({ length: count }, (_, place) =>
    place === refused ? refusal : new AtomeError(code, text, { ...details, refused }),
  );
}

function sizeOf({ mutation }: WriteRequest, group: GroupState): number {
  return group.atome(mutation.atomeId)?.row.size ?? 0;
}

/** What comes of a write; `later` where a document is missing that it needs. */
function attempt(request: WriteRequest, decision: Decision): Outcome | AtomeError | 'later' {
  try {
    return decideWrite(request, decision);
  } catch (error) {
    if (error instanceof AtomeError) return error;
    if (error instanceof DocumentNotRead) return 'later';
    if (error instanceof DecideApart) throw error;
    // a fault in deciding one write must not spoil its group
    return undecidable(error);
  }
}

function decideWrite({ mutation, origin, restored }: WriteRequest, decision: Decision): Outcome {
  const { group, inheritance } = decision;
  const { adopt, atomeId } = mutation;
  if (adopt) return adoptInto(group, { atomeId, adopt }, origin, decision.environment.clock);
  const { principal } = origin;
  const { asked = mutation } = mutation;
  const first = group.known.recordOf(mutation.opId, principal.id);
  if (first) return replayOf(first, asked, group.head.epoch);
  const whole = authorizeTarget(mutation, principal, decision);
  const target = whole && excerptOf(whole, mutation, decision.environment.kinds);
  const prepared = completeReplaced(mutation, target, decision.environment);
  assertPrepared(prepared, target);
  const { preconditions = origin.preconditions } = mutation;
  assertPreconditions(preconditions, mutation.operation, target?.state, group.head.epoch);
  assertNotOutdated(mutation, target, decision.environment);
  const past = target && restorableOf(restored, target, principal, decision.environment);
  const completed = completeChange(prepared, target, past);
  const change = inheritance.inheritAccess(completed, target?.state, principal);
  const creation = group.known.creationOf(mutation.atomeId);
  if (target && creation && isSameCreation(creation, mutation, target.state)) {
    return sameCreation(creation, asked, principal, decision);
  }
  const hlc = stampFor(mutation, target?.state, decision);
  const merged = decide(target?.state ?? null, change, hlc, decision.environment.limits);
  if (merged.outcome === 'noop') return noop(asked, target!, principal, decision);
  const { superseded, written } = merged;
  const moved = inheritance.inheritOnMove(change, target?.state, superseded, principal);
  return apply(moved, target, { origin, prepared, hlc, superseded, written }, decision);
}

/**
 * The atome that a write is about, once it may be written. One that may not be read is not there: whatever is refused
 * from here on is refused in the same words as for an id that nobody uses.
 */
function authorizeTarget(
  { atomeId, operation }: Mutation,
  principal: Principal,
  { group, graph, environment: { rules } }: Decision,
): PendingAtome | undefined {
  const target = group.atome(atomeId);
  if (!target) return undefined;
  const header = graph.judged(target.header);
  const isRead = rules.isAllowed(principal, 'read', header);
  if (operation === 'create') {
    if (isRead) return target;
    throw new AtomeError('exists', `the id "${atomeId}" is taken; create it with another id`);
  }
  if (!isRead) return undefined;
  assertAllowed(rules, principal, OPERATION_TRAITS[operation].right ?? 'write', header);
  return target;
}

/** The client's stamp within bounds; without one, a stamp newer than all that the write meets. */
function stampFor(
  { hlc }: Mutation,
  state: AtomeState | undefined,
  { group, environment: { clock } }: Decision,
): string {
  if (hlc !== null) {
    const clamped = clampHlc(hlc, group.now);
    clock.observe(clamped);
    return clamped;
  }
  // stamps are in the order of their texts
  if (state) clock.observe(Object.values(state.clocks).reduce((newest, seen) => (seen > newest ? seen : newest), ''));
  return clock.tick();
}

function noop(
  mutation: Mutation,
  { row, state, shown, excerpt }: PendingAtome,
  by: Principal,
  decision: Decision,
): Outcome {
  const { seq, version } = row;
  remember(mutation, { seq, version, author: by.id }, decision);
  const { epoch } = decision.group.head;
  return {
    outcome: 'noop',
    epoch,
    atomeId: mutation.atomeId,
    seq,
    version,
    atome: excerpt ? shown : withoutClocks(state),
  };
}

/** Others have altered the atome since a `create` that is repeated: it gets the answer of the first. */
function sameCreation({ seq, version }: AlterationRow, mutation: Mutation, by: Principal, decision: Decision): Outcome {
  remember(mutation, { seq, version, author: by.id }, decision);
  const { epoch } = decision.group.head;
  return { outcome: 'duplicate', epoch, atomeId: mutation.atomeId, seq, version, superseded: [], altered: false };
}

/** What a write was answered that alters nothing takes room, too. */
function remember(
  mutation: Mutation,
  answer: Pick<AlterationRow, 'seq' | 'version' | 'author'>,
  { group, environment: { quotas } }: Decision,
): void {
  group.remember(mutation, answer, (after) => {
    if (!freesSpace(mutation)) assertWithinQuotas(quotas, group.head, after);
  });
}

function apply(
  mutation: ReadyMutation,
  target: PendingAtome | undefined,
  by: Omit<Applied, 'outcome'> & Provenance,
  decision: Decision,
): Outcome {
  const { group, graph, inheritance, environment } = decision;
  const { opId, atomeId, reason } = mutation;
  const { principal, sourceClient } = by.origin;
  const position = group.nextPosition(atomeId, target);
  const alteration = newAlteration(position, mutation, { author: principal.id, sourceClient, opId, reason }, by);
  const isElsewhere = target?.excerpt?.isElsewhere;
  const state = fold(target?.state ?? null, alteration, { written: by.written, isElsewhere });
  const [before, after] = [graph.header(atomeId), graph.judged(state)];
  assertResultAllowed(environment.rules, principal, before, after);
  const changesRights = target && !sameRights(target.state, state);
  // before anything is added: a refusal leaves no trace
  if (changesRights) inheritance.assertCopiesFit(target.state, state);
  const isMoved = target?.state.access === 'inherit' && target.state.parentId !== state.parentId;
  const entry = appendEntry(group.head, alteration, state, target);
  // who sees it does not make it larger
  if (mutation.operation !== 'share') {
    assertResultFits(target?.row, entry, environment.limits);
  }
  assertKindFits(by.prepared, { before: target?.state, after: state, by: principal }, environment);
  const isFree = freesSpace(alteration) || (before !== undefined && takesRights(alteration, before, after));
  if (!isFree) assertWithinQuotas(environment.quotas, group.head, entry.stored);
  const committed = group.add(alteration, state, target, entry);
  // what was asked for is not what was written: a receipt of its own knows it
  if (by.prepared.asked) group.remember(by.prepared.asked, alteration, () => undefined);
  if (changesRights || isMoved) {
    const { seq } = alteration;
    group.propagate({ parentId: atomeId, seq, author: principal.id, origin: atomeId, onlyIfOthers: !changesRights });
  }
  return { outcome: 'applied', epoch: group.head.epoch, committed, previous: committed.previous ?? null };
}
