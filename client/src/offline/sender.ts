import type { Ack, ErrorBody, Hlc } from '../../../src/protocol/index.js';
import { TOO_BIG } from '../../../src/protocol/close-codes.js';
import { backoffMs, type Backoff } from '../connection/backoff.js';
import { createTimer } from '../connection/timer.js';
import type { PendingWrite } from '../storage/store.js';
import type { Outbox, Pending } from './outbox.js';

/** What a sender needs around it. */
export interface SenderPort {
  /** False while nothing can be sent. */
  readonly ready: () => boolean;
  readonly send: (message: object) => void;
  /** The stamp of a write that is sent for the first time. */
  readonly stamp: (opId: string) => Hlc;
  /** A write was refused for good. */
  readonly refused: (write: PendingWrite, error: ErrorBody) => void;
  /** The server has failed at a write again and again; it is kept and tried on. */
  readonly failing: (error: ErrorBody) => void;
  /** In [0, 1). */
  readonly random: () => number;
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
}

/** Most writes on their way at once. */
const WINDOW = 100;
/** From how many answers "not now" to one write on it is told. */
const TOLD_FROM = 3;
const REPEAT: Backoff = { firstMs: 500, maxMs: 30_000, attempts: Infinity };

/** What can be the fault of one write alone. */
const OWN_FAULTS = /^(internal|quota)/;

const TOO_LARGE: ErrorBody = {
  code: 'too_large',
  message: 'the server takes no message of this size; split the write',
  status: 413,
  retryable: false,
};

export function createSender(outbox: Outbox, { ready, send, stamp, refused, failing, random }: SenderPort): Sender {
  const timer = createTimer();
  let window = WINDOW;
  let setbacks = 0;
  let pausing = false;

  function pump(): void {
    if (pausing || !ready()) return;
    const now = Date.now();
    let next = Infinity;
    /** Atomes whose writes wait for an answer, and those that wait behind a write whose time has not come. */
    const [waiting, behind] = [new Set<string>(), new Set<string | null | undefined>()];
    let unanswered = 0;
    for (const each of outbox.all()) {
      if (unanswered >= window || !each.saved) break;
      if (each.ack) continue;
      const { write, dueAt } = each;
      const { atomeId } = write;
      if (dueAt > now) next = Math.min(next, dueAt);
      if (dueAt > now || behind.has(atomeId) || behind.has(write.parentId)) {
        behind.add(atomeId);
        continue;
      }
      if (!each.sent && !(each.held && waiting.has(atomeId))) post(each);
      waiting.add(atomeId);
      unanswered += 1;
    }
    if (next < Infinity) timer.start(next - now, pump);
  }

  function post(each: Pending): void {
    const { write } = each;
    each.hlc ??= write.hlc ?? stamp(write.opId);
    each.sent = true;
    send({ type: 'mutate', ...write, hlc: each.hlc });
  }

  /** Waits before anything is sent again: what else was on its way is answered alike, and counts as the same setback. */
  function pause(floorMs: number): void {
    if (pausing) return;
    pausing = true;
    timer.start(backoffMs(setbacks++, REPEAT, random(), floorMs), () => {
      pausing = false;
      pump();
    });
  }

  /** Tries a write again in a while. What may be its own fault keeps back what builds on it, not the others. */
  function later(found: Pending, error: ErrorBody): void {
    found.faults += 1;
    if (found.faults >= TOLD_FROM && !pausing) failing(error);
    if (OWN_FAULTS.test(error.code)) found.dueAt = Date.now() + backoffMs(found.faults, REPEAT, random());
    pause(Number(error.details?.retryAfter) || 0);
  }

  return {
    pump,
    acked(ack) {
      setbacks = 0;
      const found = outbox.get(ack.opId);
      if (found) found.ack = ack;
      // the server is well again
      if (found?.faults) for (const each of outbox.all()) each.dueAt = 0;
      pump();
    },
    nacked(opId, error) {
      const found = outbox.get(opId);
      if (!found) return;
      found.sent = false;
      if (error.code === 'unauthenticated') return;
      // what is no refusal by its own word may yet be taken
      if (error.retryable || !(error.status < 500)) return later(found, error);
      if (outbox.of(found.write.atomeId).find(({ ack }) => !ack) === found) refused(found.write, error);
      else found.held = true;
      pump();
    },
    lost(code) {
      const lost = [...outbox.all()].filter(({ sent, ack }) => sent && !ack);
      for (const each of lost) each.sent = false;
      timer.stop();
      pausing = false;
      if (code !== TOO_BIG) return;
      // one of them was too big: one at a time tells which
      const tooBig = window === 1 && lost[0];
      window = tooBig ? WINDOW : 1;
      if (tooBig) refused(tooBig.write, TOO_LARGE);
    },
    restart() {
      for (const each of outbox.all()) {
        each.sent = false;
        each.ack = undefined;
      }
    },
  };
}
