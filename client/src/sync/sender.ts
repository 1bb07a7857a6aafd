import type { Ack, ErrorBody, Hlc } from '../../../src/protocol/index.js';
import { TOO_BIG } from '../../../src/protocol/close-codes.js';
import { backoffMs, type Backoff } from '../connection/backoff.js';
import { createTimer } from '../connection/timer.js';
import type { PendingWrite } from '../store/store.js';
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
/** How often a write is tried on which the server fails: it may be the write's fault. */
const MAX_FAULTS = 5;
const REPEAT: Backoff = { firstMs: 500, maxMs: 30_000, attempts: Infinity };

const TOO_LARGE: ErrorBody = {
  code: 'too_large',
  message: 'the server takes no message of this size; split the write',
  status: 413,
  retryable: false,
};

export function createSender(outbox: Outbox, { ready, send, stamp, refused, random }: SenderPort): Sender {
  const timer = createTimer();
  let window = WINDOW;
  let setbacks = 0;
  let pausing = false;

  function pump(): void {
    if (pausing || !ready()) return;
    const waiting = new Set<string>();
    let unanswered = 0;
    for (const each of outbox.all()) {
      if (unanswered >= window || !each.saved) return;
      if (each.ack) continue;
      const { atomeId } = each.write;
      if (!each.sent && !(each.held && waiting.has(atomeId))) post(each);
      waiting.add(atomeId);
      unanswered += 1;
    }
  }

  function post(each: Pending): void {
    const { write } = each;
    each.hlc ??= write.hlc ?? stamp(write.opId);
    each.sent = true;
    send({ type: 'mutate', ...write, hlc: each.hlc });
  }

  /** Waits before anything is sent again. */
  function pause(floorMs: unknown): void {
    pausing = true;
    timer.start(backoffMs(setbacks++, REPEAT, random(), Number(floorMs) || 0), () => {
      pausing = false;
      pump();
    });
  }

  return {
    pump,
    acked(ack) {
      setbacks = 0;
      const found = outbox.get(ack.opId);
      if (found) found.ack = ack;
      pump();
    },
    nacked(opId, error) {
      const found = outbox.get(opId);
      if (!found) return;
      const { code, retryable, details } = error;
      found.sent = false;
      if (code === 'unauthenticated') return;
      if (retryable) {
        found.faults += 1;
        pause(details?.retryAfter);
        if (code === 'internal' && found.faults >= MAX_FAULTS) refused(found.write, error);
        return;
      }
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
