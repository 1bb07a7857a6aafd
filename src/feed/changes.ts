import { resetReasonOf } from './cursor-check.js';
import { inTime } from '../ledger/in-time.js';
import { turn, turnBySize } from '../ledger/turns.js';
import { AtomeError, type Cursor, type Filter, type Principal } from '../protocol/index.js';
import { eventFilter } from './filter.js';
import { viewerOf, visibilityMask, withVisibility } from './visibility.js';
import { replayAfter, type CompactReplay } from './batch.js';
import type { LedgerTail } from './ledger-tail.js';
import { Reset } from './reset.js';
import type { TenantLog } from './tenant-log.js';

export interface ChangesRequest {
  readonly principal: Principal;
  /** What the principal may see, as {@link Cursor} has it. */
  readonly rights: string;
  readonly cursor: Cursor;
  readonly filter: Filter;
  readonly compact: boolean;
  /** Most events in the answer. */
  readonly limit: number;
  /** How long to wait for a first event, in milliseconds. */
  readonly waitMs: number;
  /** Called when there is nothing yet, each time before it waits. */
  readonly waits?: () => void;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** The same as a range frame, for readers who ask. */
export interface ChangesPage {
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  readonly hash: string;
  readonly head: number;
  readonly rights: string;
  /** JSON texts. */
  readonly events: readonly string[];
}

/** An answer ends where its events reach about this many characters. */
const ANSWER_CHARS = 1024 * 1024;
/** An answer ends, with or without events, where about this many entries have been looked at for it. */
const MOST_WALKED = 10_000;
/** How long an answer waits for a page of the ledger, in milliseconds. */
const PATIENCE_MS = 10_000;
const LATE = 'so much is read of the ledger that its turn did not come; try again, and follow on fewer connections';
/** When it is worth trying again, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * One page of changes behind a cursor; with `waitMs` the answer waits for the first.
 * @throws AtomeError `reset` when the cursor cannot be continued, `rate_limited` or `unavailable` where too much is followed.
 */
export async function readChanges(log: TenantLog, request: ChangesRequest): Promise<ChangesPage> {
  const { tail, conditions } = log;
  const { where } = request.filter;
  await requireCursor(tail, request.cursor, request.rights, request.compact);
  // each that waits judges by itself what comes
  const giveBack = where && request.waitMs > 0 ? conditions.take(request.principal, where) : undefined;
  const end = where && tail.states.want();
  try {
    return await nextPage(log, request);
  } finally {
    end?.();
    giveBack?.();
  }
}

async function nextPage(log: TenantLog, request: ChangesRequest): Promise<ChangesPage> {
  const { rights } = request;
  const { tail } = log;
  const { epoch } = tail;
  const from = request.cursor.since ?? tail.seq;
  const deadline = performance.now() + request.waitMs;
  for (let after = from; ;) {
    const page = await collect(log, after, request);
    const remaining = deadline - performance.now();
    if (page.events.length > 0 || page.isCut || remaining <= 0 || request.signal.aborted) {
      const hash = (await tail.hashAt(page.to)) ?? '';
      return { epoch, from, to: page.to, hash, head: tail.seq, rights, events: page.events };
    }
    after = page.to;
    const hash = await tail.hashAt(after);
    request.waits?.();
    // what has come meanwhile is told nobody any more
    if (tail.seq === after && tail.epoch === epoch) await untilAdvanced(tail, remaining, request.signal);
    const cursor = { epoch, since: after, ...(hash !== undefined && { hash }) };
    await requireCursor(tail, cursor, rights, request.compact);
  }
}

/** @throws AtomeError `reset` with the reason, the epoch and the head. */
export async function requireCursor(
  tail: LedgerTail,
  cursor: Cursor,
  rights: string,
  isCompact = false,
): Promise<void> {
  const reason = await resetReasonOf(tail, cursor, rights, isCompact);
  if (reason) throw new Reset(reason, tail);
}

interface CollectedEvents {
  readonly to: number;
  /** JSON texts. */
  readonly events: string[];
  /** Whether a bound ended the walk before the head that it began with. */
  readonly isCut: boolean;
}

async function collect(
  { tail, batches, rules }: TenantLog,
  from: number,
  { principal, filter, compact, limit, signal }: ChangesRequest,
): Promise<CollectedEvents> {
  const show = eventFilter(filter);
  const viewer = viewerOf(principal);
  const events: string[] = [];
  const upTo = tail.seq;
  let to = from;
  let isLate = false;
  const wanter = {
    principal,
    needsStates: filter.where !== undefined,
    get isWaiting(): boolean {
      return !signal.aborted && !isLate;
    },
  };
  let replay: CompactReplay | undefined = compact && to < upTo ? { since: from, upTo } : undefined;
  let [chars, walked] = [0, 0];
  const pace = turnBySize();
  while ((replay || to < upTo) && chars < ANSWER_CHARS && walked < MOST_WALKED) {
    if (walked > 0) await turn();
    const read = batches.batchAfter(to, wanter, replay);
    const batch = read instanceof Promise ? await inTime(read, PATIENCE_MS, () => undefined) : read;
    if (!batch) {
      isLate = true;
      if (to > from) break;
      throw new AtomeError('unavailable', LATE, { retryAfter: RETRY_MS });
    }
    replay &&= replayAfter(replay, batch);
    for (const [entry, visibility] of withVisibility(batch, visibilityMask(batch, viewer, rules))) {
      const due = wanter.needsStates ? pace(entry.statesSize) : undefined;
      if (due) await due;
      const event = show(entry, visibility);
      if (event !== undefined) {
        if (events.length === limit) return { to, events, isCut: true };
        events.push(event);
        chars += event.length;
      }
      to = entry.seq;
    }
    to = Math.max(to, batch.to);
    walked += batch.entries.length;
  }
  return { to, events, isCut: to < upTo };
}

function untilAdvanced(tail: LedgerTail, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    const stop = tail.listen({ advanced: end, reset: end });
    signal.addEventListener('abort', end);
  });
}
