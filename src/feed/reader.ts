import type { Principal, ResetReason } from '../protocol/index.js';
import { replayAfter, type Batch, type CompactReplay } from './batch.js';
import { DELIVERIES, RESETS } from '../ledger/signals.js';
import type { FeedOptions } from './options.js';
import type { TenantLog } from './tenant-log.js';
import type { PageWanter } from './batch-source.js';
import { Reset } from './reset.js';
import { ReaderCursor } from './reader-cursor.js';
import type { SentFrames } from './sent-frames.js';
import { viewerOf, visibilityMask, type Viewer } from './visibility.js';
import { isOwn, plainWithout, type View } from './view.js';

/** Where a reader's bytes go. */
export interface Sink {
  /** Bytes written and not yet taken by the network. */
  readonly unsent: number;
  write(bytes: Buffer): void;
  /** The replay is over. */
  live(seq: number): void;
  /** The cursor cannot be continued. Who keeps the reader open goes on live, from the head. */
  reset(reason: ResetReason, epoch: string, head: number): void;
}

export interface ReaderOptions {
  readonly log: TenantLog;
  readonly view: View;
  readonly sink: Sink;
  /** Who reads. */
  readonly principal: Principal;
  /** The cursor to start behind. */
  readonly since: number;
  readonly compact?: boolean;
  /** A plain reader does not get what it wrote itself. */
  readonly exceptFrom?: string;
}

/** How far a reader has come, for whoever asks about it. */
export interface ReaderStatus {
  /** The cursor that it began behind. */
  readonly since: number;
  /** Where its replay ended, where that told the newest alteration of each atome alone. */
  readonly compactTo: number | undefined;
  /** The cursor that the client has. */
  readonly sent: number;
  /** How far the log has been shown to it or hidden from it. */
  readonly position: number;
  readonly lag: number;
  readonly frames: SentFrames;
}

/**
 * One reader: a cursor on a tenant's log. It keeps no queue: when its sink has taken what it was given, the
 * next batch is looked up where the cursor stands, in memory or in the ledger.
 */
export class FeedReader implements PageWanter {
  private phase: 'idle' | 'replaying' | 'live' | 'closed' = 'idle';
  private readonly cursor: ReaderCursor;
  /** What is left to replay compactly. */
  private compactReplay: CompactReplay | undefined;
  private fetching: Promise<Batch> | undefined;
  private viewer: Viewer;

  constructor(
    private readonly to: ReaderOptions,
    private readonly options: FeedOptions,
    private readonly onError: (error: unknown) => void,
  ) {
    const { since, log, principal, compact = false } = to;
    const replayTo = log.tail.seq;
    this.cursor = new ReaderCursor(since, replayTo);
    if (compact && since < replayTo) this.compactReplay = { since, upTo: replayTo };
    this.viewer = viewerOf(principal);
  }

  get view(): View {
    return this.to.view;
  }

  get isWaiting(): boolean {
    return this.phase !== 'closed';
  }

  get needsStates(): boolean {
    return this.view.needsStates;
  }

  get principal(): Principal {
    return this.to.principal;
  }

  /** How many alterations it has not been shown yet. */
  get lag(): number {
    return Math.max(0, this.to.log.tail.seq - this.cursor.position);
  }

  get status(): ReaderStatus {
    const { cursor, lag } = this;
    const { since, compact = false } = this.to;
    const { sent, position, replayTo, frames } = cursor;
    return { since, compactTo: compact ? replayTo : undefined, sent, position, lag, frames };
  }

  /** Bytes that its connection has not taken yet. */
  get unsent(): number {
    return this.to.sink.unsent;
  }

  /** Resolves when nothing is read for it any more. */
  async idle(): Promise<void> {
    await this.fetching?.catch(() => undefined);
  }

  close(): void {
    this.phase = 'closed';
  }

  /** Judges all entries from here on by what another principal may read. */
  setViewer(principal: Principal): void {
    this.viewer = viewerOf(principal);
  }

  /** There may be more to send. */
  wake(): void {
    if (this.phase !== 'idle') this.pump();
  }

  /** Sends what there is while the sink takes it. Before the first call nothing is sent. */
  pump(): void {
    const { log, sink } = this.to;
    const { cursor } = this;
    if (this.phase === 'idle') this.phase = 'replaying';
    while (this.phase !== 'closed' && !this.fetching) {
      const replay = this.compactReplay;
      if (!replay && cursor.position >= cursor.replayTo && this.phase === 'replaying') this.goLive();
      if (!replay && cursor.position >= log.tail.seq) return;
      if (sink.unsent >= this.options.unsentBytes) return;
      const batch = log.batches.batchAfter(cursor.position, this, replay);
      if (batch instanceof Promise) this.waitFor(batch);
      else this.send(batch);
    }
  }

  /** Called about once a second: tries again what failed, and moves the cursor over what was hidden for long enough. */
  tick(now: number): void {
    this.wake();
    const idleMs = this.cursor.idleMs(now);
    if (this.phase === 'live' && this.cursor.isBehind && idleMs >= this.options.idleFrameMs) this.sendCursorMove(now);
  }

  /** Tells its cursor, where what was hidden since has moved it: for one that ends. */
  tellCursor(): void {
    if (this.phase === 'live' && this.cursor.isBehind) this.sendCursorMove(Date.now());
  }

  reset(reason: ResetReason): void {
    const { sink, log } = this.to;
    const { seq, epoch } = log.tail;
    this.fetching = undefined;
    this.compactReplay = undefined;
    this.cursor.jump(seq);
    if (RESETS.hasSubscribers) RESETS.publish({ reason });
    sink.reset(reason, epoch, seq);
  }

  private waitFor(page: Promise<Batch>): void {
    this.fetching = page;
    page.then(
      (batch) => {
        if (this.fetching !== page) return; // reset meanwhile
        this.fetching = undefined;
        if (this.phase !== 'closed') this.send(batch);
        // whoever has a whole ledger to read must not keep the others waiting for as long as its socket takes more
        setImmediate(() => this.pump());
      },
      (error: unknown) => {
        // the ledger is out of reach: the next tick tries again
        const isWanted = this.fetching === page && this.phase !== 'closed';
        if (this.fetching === page) this.fetching = undefined;
        if (error instanceof Reset) return isWanted ? this.reset(error.reason) : undefined;
        if (this.phase !== 'closed') this.onError(error);
      },
    );
  }

  private send(batch: Batch): void {
    const bytes = this.encode(batch);
    this.compactReplay &&= replayAfter(this.compactReplay, batch);
    this.cursor.position = batch.to;
    this.cursor.hash = batch.hash;
    if (!bytes) return;
    this.to.sink.write(bytes);
    if (DELIVERIES.hasSubscribers) DELIVERIES.publish(bytes);
    this.cursor.wrote();
  }

  private encode(batch: Batch): Buffer | undefined {
    const { log, view, exceptFrom } = this.to;
    const mask = visibilityMask(batch, this.viewer, log.rules);
    if (exceptFrom !== undefined && batch.isFrom(exceptFrom)) {
      const self = { clientId: exceptFrom, principal: this.viewer.principal.id };
      if (batch.entries.some((entry) => isOwn(entry, self))) return plainWithout(batch, self, mask);
    }
    return view.encode(batch, this.cursor.sent, mask);
  }

  private goLive(): void {
    this.phase = 'live';
    if (this.cursor.isBehind) this.sendCursorMove(Date.now());
    this.to.sink.live(this.cursor.position);
  }

  private sendCursorMove(now: number): void {
    const { sent, position, hash = '' } = this.cursor;
    const bytes = this.to.view.encodeMove(sent, position, hash);
    this.cursor.told(now, bytes !== undefined);
    if (bytes) this.to.sink.write(bytes);
  }
}
