import type { Ack, ErrorBody, Hlc, Nack } from '../../../src/protocol/index.js';
import { TOO_BIG } from '../../../src/protocol/close-codes.js';
import { backoffMs, type Backoff } from '../connection/backoff.js';
import { isFinalStatus, refusal, type SyncErrorCode } from '../core/errors.js';
import { createTimer, inTime } from '../core/timer.js';
import type { PendingWrite } from '../storage/store.js';
import { builtOn } from './built-on.js';
import type { Outbox, Pending } from './outbox.js';
import type { Push } from './push.js';

/** What a sender needs around it. */
export interface SenderPort {
  /** False while nothing can be sent. */
  readonly ready: () => boolean;
  readonly send: (message: object) => unknown;
  /** Sends more than a window at once; not there where that cannot be. */
  readonly push?: Push | undefined;
  /** Takes the answers to what was pushed. */
  readonly answered: (answer: Ack | Nack) => void;
  /** The stamp of a write that is sent for the first time. */
  readonly stamp: (opId: string) => Hlc;
  /** A write was refused for good, and with it those that build on it. */
  readonly refused: (writes: readonly PendingWrite[], error: ErrorBody) => void;
  /** The server fails at a write again and again, or does not answer it; it is kept and tried on. */
  readonly failing: (code: SyncErrorCode, message: string) => void;
  /** In [0, 1). */
  readonly random: () => number;
  /** How long an answer may take before its absence is told, in milliseconds. */
  readonly answerMs: number;
}

/**
 * Sends the outbox in its order, several writes at a time, and again what was not answered. It removes nothing: a
 * write leaves the outbox when its effect has come back.
 */
export interface Sender {
  /** Sends what may be sent now. */
  readonly pump: () => void;
  /** The server has it. */
  acked(ack: Ack): void;
  /** The server has refused it, for now or for good. */
  nacked(opId: string, error: ErrorBody): void;
  /** The connection has ended: what was not answered has to be sent again. */
  lost(code: number): void;
  /** The ledger is not the one that has acknowledged: everything is sent anew. */
  restart(): void;
  /** It ends here, or is not known to be the one that has acknowledged: then at 0. What was acknowledged behind that is sent anew. */
  endsAt(seq: number): void;
}

/** Most writes on their way at once: no more than a server takes without a pause. */
const WINDOW = 100;
/** Most writes of one push, and about how many characters they have. */
const PUSHED = 500;
const PUSHED_CHARS = 200_000;
/** From how many answers "not now" to one write on it is told, and how often at most, in milliseconds. */
const TOLD_FROM = 3;
const QUIET_MS = 10_000;
/** When a write that was put off is tried again. */
const REPEAT: Backoff = { firstMs: 500, maxMs: 30_000, attempts: Infinity };
/** When others are, that the server may put off alike. */
const OTHERS: Backoff = { ...REPEAT, maxMs: 2_000 };

/** An id that nobody else can have made. */
const UNIQUE = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** What can be the fault of one write alone. */
const OWN_FAULTS = /^(internal|quota)/;

const TOO_LARGE = refusal('too_large', 'the server takes no message of this size; split the write', 413);

/** The first of them that one push may have. */
function fitting(unsent: readonly Pending[]): readonly Pending[] {
  let chars = 0;
  return unsent.filter(({ write }) => (chars += JSON.stringify(write).length) < PUSHED_CHARS);
}

/** What is on its way, oldest first. */
function onTheirWay(outbox: Outbox): Pending[] {
  return [...outbox.values()].filter(({ sentAt, ack }) => sentAt !== null && !ack);
}

/** Whatever was answered to it does not count. */
function unsend(each: Pending): void {
  each.sentAt = null;
  each.ack = undefined;
}

/** Marks a write as sent. @returns it as it goes out. */
function stamped(each: Pending, { stamp }: Pick<SenderPort, 'stamp'>): object {
  const { write } = each;
  each.hlc ??= write.hlc ?? stamp(write.opId);
  each.sentAt = performance.now();
  return { ...write, hlc: each.hlc };
}

export function createSender(outbox: Outbox, port: SenderPort): Sender {
  const { random, answerMs } = port;
  const timer = createTimer();
  const deadline = createTimer();
  let isExpecting = false;
  let window = WINDOW;
  let [setbacks, quietUntil] = [0, 0];
  let pausing = false;
  /** The push under way, and what ends it. */
  let pushed: readonly Pending[] | undefined;
  let ending: AbortController | undefined;
  /** Whether this connection is served by pushes, too. */
  let pushes = true;

  function pump(): void {
    if (pausing || pushed || !port.ready()) return;
    const now = performance.now();
    let next = Infinity;
    /** Atomes whose writes wait for an answer, and those that wait behind a write whose time has not come. */
    const [waiting, behind] = [new Set<string>(), new Set<string | null | undefined>()];
    /** Those whose `create` waits for an answer. */
    const made = new Set<string | null | undefined>();
    const unsent: Pending[] = [];
    /** How many are on their way, and whether one of those is not answered in time. */
    let [onTheWay, isLate] = [0, false];
    const most = port.push && pushes && window === WINDOW ? PUSHED : window;
    for (const each of outbox.values()) {
      if (onTheWay + unsent.length >= most || !each.saved) break;
      if (each.ack) continue;
      const { write, dueAt } = each;
      const { atomeId } = write;
      if (dueAt > now) next = Math.min(next, dueAt);
      if (dueAt > now || behind.has(atomeId) || behind.has(write.parentId)) {
        behind.add(atomeId);
        continue;
      }
      // were it refused, this would alter what others have under that id, or be the child of nothing
      if (made.has(write.parentId) || (made.has(atomeId) && !UNIQUE.test(atomeId))) break;
      if (each.sentAt !== null) {
        onTheWay += 1;
        isLate ||= now - each.sentAt >= answerMs;
      } else if (!each.held || !waiting.has(atomeId)) unsent.push(each);
      waiting.add(atomeId);
      if (write.operation === 'create') made.add(atomeId);
    }
    if (unsent.length <= WINDOW || isLate) unsent.slice(0, Math.max(0, window - onTheWay)).forEach(post);
    // else what is on its way would be overtaken
    else if (onTheWay === 0) void push(unsent);
    if (next < Infinity) timer.start(next - now, pump);
  }

  function post(each: Pending): void {
    port.send({ type: 'mutate', ...stamped(each, port) });
    if (!isExpecting) expectAnswers();
  }

  /** Sends the first of them in one request, or over the connection where nothing answers that. */
  async function push(unsent: readonly Pending[]): Promise<void> {
    const fit = fitting(unsent);
    if (fit.length <= WINDOW) return unsent.slice(0, window).forEach(post);
    pushed = fit;
    ending = new AbortController();
    try {
      const writes = fit.map((each) => stamped(each, port));
      const answers = await inTime(port.push!(writes, ending.signal), answerMs);
      if (!answers && pushed === fit) tellLate(answerMs);
      for (const answer of answers ?? []) if (pushed === fit) port.answered(answer);
    } catch {
      // as where an answer is none
    }
    if (pushed !== fit) return;
    forgetPush();
    // nothing else is; over the connection it is told when these are not answered
    for (const each of onTheirWay(outbox)) {
      unsend(each);
      pushes = false;
    }
    pump();
  }

  /** What is answered to it from now on is of another connection, or ledger. */
  function forgetPush(): void {
    pushed = undefined;
    ending?.abort();
  }

  /** Looks for writes without an answer for as long as any are on their way. */
  function expectAnswers(): void {
    const [oldest] = onTheirWay(outbox);
    isExpecting = !!oldest;
    if (!oldest) return;
    const since = performance.now() - oldest.sentAt!;
    deadline.start(answerMs, expectAnswers);
    if (since < answerMs) return;
    tellLate(since);
    // the others wait for it no longer
    pump();
  }

  function tellLate(ms: number): void {
    tell('timeout', `the server has not answered a write for ${ms} ms`);
  }

  function tell(code: SyncErrorCode, message: string): void {
    const now = performance.now();
    if (now < quietUntil) return;
    quietUntil = now + QUIET_MS;
    port.failing(code, message);
  }

  /** Waits a little before others are sent: what else was on its way is answered alike, and counts as the same setback. */
  function pause(): void {
    if (pausing) return;
    pausing = true;
    timer.start(backoffMs(setbacks++, OTHERS, random()), () => {
      pausing = false;
      pump();
    });
  }

  function refuse({ write }: Pending, error: ErrorBody): void {
    const unsent = [...outbox.values()].filter(({ ack }) => !ack);
    port.refused(
      builtOn(
        write,
        unsent.map(({ write }) => write),
      ),
      error,
    );
  }

  /** Tries a write again in a while, when the server asks for it. That keeps back what builds on it, not the others. */
  function later(found: Pending, error: ErrorBody): void {
    const { code, message, details } = error;
    found.fault = error;
    found.dueAt = performance.now() + backoffMs(found.faults++, REPEAT, random(), details?.retryAfter);
    if (found.faults >= TOLD_FROM) tell(code, message);
    if (OWN_FAULTS.test(code)) pump();
    else pause();
  }

  return {
    pump,
    acked(ack) {
      // without a place in the ledger it cannot be told when its effect is here: that is no answer
      if (!(ack.seq >= 0)) return;
      setbacks = 0;
      const found = outbox.get(ack.opId);
      if (found) found.ack = ack;
      // the server is well again
      if (found?.faults) outbox.forEach((each) => (each.dueAt = 0));
      pump();
    },
    nacked(opId, error) {
      const found = outbox.get(opId);
      if (!found) return;
      found.sentAt = null;
      if (error.code === 'unauthenticated') return;
      // what is no refusal by its own words may yet be taken
      const { retryable, status } = error as Partial<ErrorBody>;
      if (retryable !== false || !isFinalStatus(status)) return later(found, error);
      if (outbox.of(found.write.atomeId).find(({ ack }) => !ack) === found) refuse(found, error);
      else found.held = true;
      pump();
    },
    lost(code) {
      const lost = onTheirWay(outbox);
      lost.forEach(unsend);
      timer.stop();
      deadline.stop();
      isExpecting = false;
      pausing = false;
      forgetPush();
      pushes = true;
      if (code !== TOO_BIG) return;
      // one of them was too big: one at a time tells which
      const tooBig = window === 1 && lost[0];
      window = tooBig ? WINDOW : 1;
      if (tooBig) refuse(tooBig, TOO_LARGE);
    },
    restart() {
      forgetPush();
      outbox.forEach(unsend);
    },
    endsAt(seq) {
      for (const each of outbox.values()) if (each.ack && each.ack.seq > seq) unsend(each);
      pump();
    },
  };
}
