import { isWhole, resetReasonOf } from '../feed/cursor-check.js';
import type { Feed, ReadRequest } from '../feed/feed.js';
import type { FeedReader } from '../feed/reader.js';
import type { Filter, Principal, ResetReason, Subscribe } from '../protocol/index.js';
import type { ClientSocket } from './client-socket.js';

const nothing = (): void => undefined;

/** What a connection reads. */
export interface ActiveSubscription {
  readonly reader: FeedReader;
  /** With cursors and a filter, or each event as a frame of its own. */
  readonly isRange: boolean;
  readonly filter: Filter;
}

/** What one connection reads: one {@link FeedReader} at a time, or nothing. */
export class Subscription {
  private current: (ActiveSubscription & { readonly tenant: string }) | undefined;

  /** Resolves when nothing is read any more for what was read before. */
  private stopped: Promise<void> = Promise.resolve();

  constructor(
    private readonly socket: ClientSocket,
    private readonly feed: Feed,
  ) {}

  /** undefined for nothing. */
  get reading(): ActiveSubscription | undefined {
    return this.current;
  }

  /** The socket can take more. */
  pump(): void {
    this.current?.reader.pump();
  }

  stop(): void {
    if (!this.current) return;
    const { tenant, reader } = this.current;
    this.feed.close(tenant, reader);
    this.current = undefined;
    this.stopped = reader.idle();
  }

  /** The same principal may see other things now. Who keeps a copy has to take a new one. */
  setViewer(principal: Principal): void {
    if (!this.current) return;
    const { reader, isRange } = this.current;
    reader.setViewer(principal);
    if (isRange) reader.reset('access');
  }

  /** Each event behind `since` as a frame of its own, but not those of the connection itself. */
  async openPlain(principal: Principal, clientId: string, since: number): Promise<void> {
    // it has no cursor that could be lost: it is told, and goes on
    const sink = this.sink(nothing, nothing);
    await this.open(principal.tenant, { sink, principal, since, form: { plainOf: clientId } });
  }

  /** All from a cursor on; takes the place of what was read before. */
  async openRange(principal: Principal, rights: string, message: Subscribe): Promise<void> {
    const { tenant } = principal;
    this.stop();
    // a connection has one read of the ledger under way, however often it begins anew
    await this.stopped;
    const { tail } = await this.feed.log(tenant);
    const since = message.since ?? tail.seq;
    const compact = message.compact || (await isWhole(tail, since));
    const reason = await resetReasonOf(tail, message, rights, compact);
    if (reason) {
      this.socket.send({ type: 'sync:reset', reason, epoch: tail.epoch, head: tail.seq });
      return;
    }
    const sink = this.sink(
      (seq) => this.socket.send({ type: 'sync:live', seq }),
      () => this.stop(),
    );
    const { deltas } = message;
    await this.open(tenant, { sink, principal, since, filter: message, compact, deltas, form: 'range' }, () =>
      this.socket.send({ type: 'subscribed', epoch: tail.epoch, from: since, head: tail.seq, rights }),
    );
  }

  private async open(tenant: string, request: ReadRequest, announce = nothing): Promise<void> {
    const reader = await this.feed.open(tenant, request);
    if (!this.socket.open) {
      this.feed.close(tenant, reader);
      return;
    }
    this.current = { tenant, reader, isRange: request.form === 'range', filter: request.filter ?? {} };
    announce();
    reader.pump();
  }

  private sink(live: (seq: number) => void, stop: () => void): ReadRequest['sink'] {
    const { socket } = this;
    return {
      get unsent(): number {
        return socket.unsent;
      },
      write: (bytes) => socket.write(bytes),
      live,
      reset: (reason: ResetReason, epoch: string, head: number) => {
        stop();
        socket.send({ type: 'sync:reset', reason, epoch, head });
      },
    };
  }
}
