import type { Ack, ErrorBody, Hlc } from '../../../src/protocol/index.js';
import { TOO_BIG } from '../../../src/protocol/close-codes.js';
import { backoffMs, type Backoff } from '../connection/backoff.js';
import { createTimer } from '../connection/timer.js';
import type { PendingWrite } from '../store/store.js';
import type { Outbox } from './outbox.js';

/** What a sender needs around it. */
export interface SenderPort {
  /** False while nothing can be sent. */
  ready(): boolean;
  send(message: object): void;
  /** The stamp of a write that is sent for the first time. */
  stamp(opId: string): Hlc;
  /** A write was refused for good. */
  refused(write: PendingWrite, error: ErrorBody): void;
  /** In [0, 1). */
  random(): number;
}

/**
 * Sends the outbox in its order, several writes at a time, and again what was not answered. It removes nothing: a
 * write leaves the outbox when its effect has come back.
 */
export interface Sender {
  /** Sends what may be sent now. */
  pump(): void;
  /** The server has it. */
  acked(ack: Ack): void;
  /** The server has refused it, for now or for good. */
  nacked(opId: string, error: ErrorBody): void;
  /** What the server said of the writes that the cursor has passed. */
  passed(seq: number): Ack[];
  /** The stamp under which a write was sent. */
  stampOf(opId: string): Hlc | undefined;
  /** A write has left the outbox. */
  forget(opId: string): void;
  /** The connection has ended: what was not answered has to be sent again. */
  lost(code: number): void;
  /** The ledger is not the one that has acknowledged: everything is sent anew. */
  restart(): void;
}

/** A write that was sent at least once. */
interface Sent {
  /** Kept over connections, so that a repetition is not younger than its original. */
  readonly hlc: Hlc;
  onItsWay: boolean;
  /** Of the ledger that is read. */
  ack?: Ack | undefined;
  /** Refused before an earlier write to the same atome was answered: it may yet be taken. */
  held?: boolean;
  faults: number;
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
  const sent = new Map<string, Sent>();
  const timer = createTimer();
  let window = WINDOW;
  let setbacks = 0;
  let pausing = false;

  function pump(): void {
    if (pausing || !ready()) return;
    const waiting = new Set<string>();
    let unanswered = 0;
    for (const write of outbox.all()) {
      const { opId, atomeId } = write;
      if (unanswered >= window || !outbox.isSaved(opId)) return;
      const known = sent.get(opId);
      if (known?.ack) continue;
      if (!known?.onItsWay && !(known?.held && waiting.has(atomeId))) post(write, known);
      waiting.add(atomeId);
      unanswered += 1;
    }
  }

  function post(write: PendingWrite, known: Sent | undefined): void {
    const { opId, hlc = known?.hlc ?? stamp(opId) } = write;
    sent.set(opId, { faults: 0, ...known, hlc, onItsWay: true });
    send({ type: 'mutate', ...write, hlc });
  }

  /** Waits before anything is sent again. */
  function pause(floorMs: unknown): void {
    pausing = true;
    timer.start(backoffMs(setbacks++, REPEAT, random(), typeof floorMs === 'number' ? floorMs : 0), () => {
      pausing = false;
      pump();
    });
  }

  return {
    pump,
    acked(ack) {
      setbacks = 0;
      const known = sent.get(ack.opId);
      if (known) known.ack = ack;
      pump();
    },
    nacked(opId, error) {
      const write = outbox.get(opId);
      const known = sent.get(opId);
      if (!write || !known) return;
      known.onItsWay = false;
      const { code, retryable, details } = error;
      if (code === 'unauthenticated') return;
      if (retryable) {
        known.faults += 1;
        pause(details?.retryAfter);
        if (code === 'internal' && known.faults >= MAX_FAULTS) refused(write, error);
        return;
      }
      const first = outbox.of(write.atomeId).find((each) => !sent.get(each.opId)?.ack);
      if (first === write) refused(write, error);
      else known.held = true;
      pump();
    },
    passed: (seq) => [...sent.values()].flatMap(({ ack }) => (ack && ack.seq <= seq ? ack : [])),
    stampOf: (opId) => sent.get(opId)?.hlc,
    forget: (opId) => void sent.delete(opId),
    lost(code) {
      const lost = [...sent].filter(([, { onItsWay, ack }]) => onItsWay && !ack);
      for (const [, known] of lost) known.onItsWay = false;
      timer.stop();
      pausing = false;
      if (code !== TOO_BIG) return;
      // one of them was too big: one at a time tells which
      const tooBig = window === 1 && lost[0] && outbox.get(lost[0][0]);
      window = tooBig ? WINDOW : 1;
      if (tooBig) refused(tooBig, TOO_LARGE);
    },
    restart() {
      for (const known of sent.values()) {
        known.onItsWay = false;
        known.ack = undefined;
      }
    },
  };
}
