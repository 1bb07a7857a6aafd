import type { FeedParts } from './ledger-tail.js';
import { HintedLook } from './hinted-look.js';
import type { FeedReader } from './reader.js';
import { SharedViews } from './shared-views.js';
import { openTenantLog, type TenantLog } from './tenant-log.js';

/** One tenant's log, and who reads it. */
export interface Channel {
  readonly log: TenantLog;
  readonly readers: Set<FeedReader>;
  readonly views: SharedViews;
  readonly hinted: HintedLook;
  /** When somebody asked for it last. */
  usedAt: number;
}

/** The channels of the tenants that somebody reads, or has read lately. */
export class Channels {
  private readonly opening = new Map<string, Promise<Channel>>();
  private readonly opened = new Map<string, Channel>();

  constructor(private readonly parts: FeedParts) {}

  /** undefined where it is not open. */
  get(tenant: string): Channel | undefined {
    return this.opened.get(tenant);
  }

  get all(): ReadonlyMap<string, Channel> {
    return this.opened;
  }

  /** Opens it where it is not. */
  open(tenant: string): Promise<Channel> {
    // at once: who waits for it must not find it gone
    const opened = this.opened.get(tenant);
    if (opened) opened.usedAt = Date.now();
    let channel = this.opening.get(tenant);
    if (!channel) {
      channel = this.make(tenant);
      this.opening.set(tenant, channel);
      channel.catch(() => this.opening.delete(tenant));
    }
    return channel;
  }

  close(tenant: string): void {
    this.opened.delete(tenant);
    this.opening.delete(tenant);
  }

  private async make(tenant: string): Promise<Channel> {
    const head = await this.parts.ledgers.of(tenant).head();
    const log = openTenantLog(tenant, head, this.parts);
    const channel: Channel = {
      log,
      readers: new Set(),
      views: new SharedViews(log),
      hinted: new HintedLook(log.tail),
      usedAt: Date.now(),
    };
    log.tail.listen({
      advanced: () => channel.readers.forEach((reader) => reader.wake()),
      reset: (reason) => [...channel.readers].forEach((reader) => reader.reset(reason)),
    });
    this.opened.set(tenant, channel);
    // what was committed between the reading of the head and here was not pushed
    await log.tail.refresh();
    return channel;
  }
}
