import type { Principal, ResetReason } from '../protocol/index.js';
import type { Batch } from './batch.js';
import type { FeedOptions } from './options.js';
import type { TenantLog } from './tenant-log.js';
import { viewerOf, type Viewer } from './visibility.js';
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

/**
 * One reader: a cursor on a tenant's log. It keeps no queue: when its sink has taken what it was given, the
 * next batch is looked up where the cursor stands, in the ring or in the ledger.
 */
export class FeedReader {
  /** The cursor that the client has. */
  private sent: number;
  /** How far the log has been shown to it or hidden from it. */
  private position: number;
  private positionHash: string | undefined;
  private readonly replayTo: number;
  private started = false;
  private isLive = false;
  private closed = false;
  private fetching: Promise<Batch> | undefined;
  private hasWritten = false;
  /** As of the last tick: nobody asks the time for each frame of each reader. */
  private lastWrite = 0;
  private viewer: Viewer;

  constructor(
    private readonly to: ReaderOptions,
    private readonly options: FeedOptions,
    private readonly onError: (error: unknown) => void,
  ) {
    this.sent = to.since;
    this.position = to.since;
    this.replayTo = to.log.tail;
    this.viewer = viewerOf(to.principal);
  }

  get view(): View {
    return this.to.view;
  }

  close(): void {
    this.closed = true;
  }

  /** Judges all entries from here on by what another principal may read. */
  setViewer(principal: Principal): void {
    this.viewer = viewerOf(principal);
  }

  /** There may be more to send. */
  wake(): void {
    if (this.started) this.pump();
  }

  /** Sends what there is while the sink takes it. Before the first call nothing is sent. */
  pump(): void {
    const { log, sink } = this.to;
    this.started = true;
    while (!this.closed && !this.fetching) {
      if (this.position >= this.replayTo && !this.isLive) this.goLive();
      if (this.position >= log.tail || sink.unsent >= this.options.unsentBytes) return;
      const replaying = this.to.compact === true && this.position < this.replayTo;
      const batch = replaying ? undefined : log.batchFromMemory(this.position);
      if (batch) this.send(batch);
      else this.fetch(replaying);
    }
  }

  /** Called about once a second: tries again what failed, and moves the cursor over what was hidden for long enough. */
  tick(now: number): void {
    this.wake();
    if (this.hasWritten) this.lastWrite = now;
    this.hasWritten = false;
    if (this.isLive && this.sent < this.position && now - this.lastWrite >= this.options.idleFrameMs)
      this.sendCursorMove(now);
  }

  reset(reason: ResetReason): void {
    const { sink, log } = this.to;
    this.fetching = undefined;
    this.position = log.tail;
    this.sent = log.tail;
    sink.reset(reason, log.epoch, log.tail);
  }

  private fetch(compact: boolean): void {
    const { log } = this.to;
    const page = log.page(this.position, compact ? this.replayTo : log.tail, compact);
    this.fetching = page;
    page.then(
      (batch) => {
        if (this.fetching !== page) return; // reset meanwhile
        this.fetching = undefined;
        if (!this.closed) this.send(batch);
        // whoever has a whole ledger to read must not keep the others waiting for as long as its socket takes more
        setImmediate(() => this.pump());
      },
      (error: unknown) => {
        // the ledger is out of reach: the next tick tries again
        if (this.fetching === page) this.fetching = undefined;
        this.onError(error);
      },
    );
  }

  private send(batch: Batch): void {
    const bytes = this.encode(batch);
    this.position = batch.to;
    this.positionHash = batch.hash;
    if (!bytes) return;
    this.to.sink.write(bytes);
    this.sent = batch.to;
    this.hasWritten = true;
  }

  private encode(batch: Batch): Buffer | undefined {
    const { log, view, exceptFrom } = this.to;
    const mask = log.visibilityMask(batch, this.viewer);
    if (exceptFrom !== undefined && batch.isFrom(exceptFrom)) {
      const self = { clientId: exceptFrom, principal: this.viewer.principal.id };
      if (batch.entries.some((entry) => isOwn(entry, self))) return plainWithout(batch, self, mask);
    }
    return view.encode(batch, this.sent, mask);
  }

  private goLive(): void {
    this.isLive = true;
    if (this.sent < this.position) this.sendCursorMove(Date.now());
    this.to.sink.live(this.position);
  }

  private sendCursorMove(now: number): void {
    const bytes = this.to.view.encodeMove(this.sent, this.position, this.positionHash ?? '');
    this.sent = this.position;
    this.lastWrite = now;
    if (bytes) this.to.sink.write(bytes);
  }
}
