import type { Ack, ErrorBody, Hlc } from '../../../src/protocol/index.js';
import { TOO_BIG } from '../../../src/protocol/close-codes.js';
import { backoffMs, type Backoff } from '../connection/backoff.js';
import type { Timer } from '../connection/timer.js';
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

/** Most writes on their way at once. */
const WINDOW = 100;
/** How often a write is tried on which the server fails: it may be the write's fault. */
const MAX_FAULTS = 5;
const REPEAT: Backoff = { firstMs: 500, maxMs: 30_000, attempts: Infinity };

const TOO_LARGE: ErrorBody = {
  code: 'too_large',
  message: 'the server takes no message of this size; split the write into several',
  status: 413,
  retryable: false,
};

/**
 * Sends the outbox in its order, several writes at a time, and again what was not answered. It removes nothing: a
 * write leaves the outbox when its effect has come back.
 */
export class Sender {
  /** Writes that are on their way, or were acknowledged on this ledger. */
  private readonly flight = new Map<string, 'sent' | Ack>();
  /** Kept over connections, so that a repetition is not younger than its original. */
  private readonly stamps = new Map<string, Hlc>();
  /** Writes that were refused before an earlier write to the same atome was answered: they may yet be taken. */
  private readonly held = new Set<string>();
  private readonly faults = new Map<string, number>();
  private window = WINDOW;
  private setbacks = 0;
  private pausing = false;

  constructor(
    private readonly outbox: Outbox,
    private readonly timer: Timer,
    private readonly port: SenderPort,
  ) {}

  /** Sends what may be sent now. */
  pump(): void {
    if (this.pausing || !this.port.ready()) return;
    const waiting = new Set<string>();
    let unanswered = 0;
    for (const write of this.outbox) {
      const { opId, atomeId } = write;
      if (unanswered >= this.window || !this.outbox.isSaved(opId)) return;
      const flight = this.flight.get(opId);
      if (typeof flight === 'object') continue;
      if (!flight && !(this.held.has(opId) && waiting.has(atomeId))) this.send(write);
      waiting.add(atomeId);
      unanswered += 1;
    }
  }

  /** The server has it. */
  acked(ack: Ack): void {
    this.setbacks = 0;
    if (this.outbox.get(ack.opId)) this.flight.set(ack.opId, ack);
    this.pump();
  }

  /** The server has refused it, for now or for good. */
  nacked(opId: string, error: ErrorBody): void {
    const write = this.outbox.get(opId);
    if (!write) return;
    this.flight.delete(opId);
    if (error.code === 'unauthenticated') return;
    if (error.retryable) return this.setBack(write, error);
    const first = this.outbox.of(write.atomeId).find((each) => typeof this.flight.get(each.opId) !== 'object');
    if (first === write) this.port.refused(write, error);
    else this.held.add(opId);
    this.pump();
  }

  /** The writes that the cursor has passed, with what the server said of them. */
  passed(seq: number): Ack[] {
    return [...this.flight.values()].filter((flight): flight is Ack => typeof flight === 'object' && flight.seq <= seq);
  }

  /** The stamp under which a write was sent. */
  stampOf(opId: string): Hlc | undefined {
    return this.stamps.get(opId);
  }

  /** A write has left the outbox. */
  forget(opId: string): void {
    for (const known of [this.flight, this.stamps, this.held, this.faults]) known.delete(opId);
  }

  /** The connection has ended: what was not answered has to be sent again. */
  lost(code: number): void {
    const sent = [...this.flight].filter(([, flight]) => flight === 'sent').map(([opId]) => opId);
    sent.forEach((opId) => this.flight.delete(opId));
    this.resume();
    if (code !== TOO_BIG) return;
    // one of them was too big: one at a time tells which
    const [only] = sent;
    if (this.window === 1 && only !== undefined) {
      this.window = WINDOW;
      this.port.refused(this.outbox.get(only)!, TOO_LARGE);
    } else this.window = 1;
  }

  /** The ledger is not the one that has acknowledged: everything is sent anew. */
  restart(): void {
    this.flight.clear();
  }

  stop(): void {
    this.timer.stop();
  }

  private send(write: PendingWrite): void {
    const { opId } = write;
    const hlc = write.hlc ?? this.stamps.get(opId) ?? this.port.stamp(opId);
    this.stamps.set(opId, hlc);
    this.flight.set(opId, 'sent');
    this.port.send({ type: 'mutate', ...write, hlc });
  }

  private setBack(write: PendingWrite, error: ErrorBody): void {
    const faults = (this.faults.get(write.opId) ?? 0) + 1;
    this.faults.set(write.opId, faults);
    if (error.code === 'internal' && faults >= MAX_FAULTS) this.port.refused(write, error);
    const { retryAfter } = error.details ?? {};
    this.pausing = true;
    const floorMs = typeof retryAfter === 'number' ? retryAfter : 0;
    this.timer.start(backoffMs(this.setbacks++, REPEAT, this.port.random(), floorMs), () => {
      this.resume();
      this.pump();
    });
  }

  private resume(): void {
    this.timer.stop();
    this.pausing = false;
  }
}
