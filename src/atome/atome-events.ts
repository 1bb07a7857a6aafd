import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { eventOf } from '../feed/entry.js';
import { ConsumerHost } from '../consumers/consumer-options.js';
import { ownAtome } from '../ledger/lazy-atome.js';
import { newAlteration } from '../ledger/new-alteration.js';
import type { Committed } from '../ledger/outcome.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import type { Change } from '../protocol/index.js';
import { EventHandlers } from './event-handlers.js';
import type { TenantEvent } from './on-atome.js';

/**
 * What this process has committed, after the commit, in order for each tenant. It is told once and kept
 * nowhere: work that must not be missed reads the changes from a cursor of its own.
 */
@Injectable()
export class AtomeEvents implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly subject = new Subject<TenantEvent>();
  private stopListening: (() => void) | undefined;

  constructor(
    private readonly writer: LedgerWriter,
    private readonly handlers: EventHandlers,
    private readonly consumers: ConsumerHost,
  ) {}

  /** All events of this process as an Observable, which completes when the application ends. */
  get stream(): Observable<TenantEvent> {
    return this.subject.asObservable();
  }

  /** Nest calls it: binds the methods with `OnAtome`, and begins to listen. */
  async onApplicationBootstrap(): Promise<void> {
    await this.handlers.bind(this.consumers);
    await this.consumers.start();
    this.stopListening = this.writer.onCommit((tenant, committed) => {
      if (!this.subject.observed && this.handlers.isEmpty) return;
      // a queue of its own: the host's code runs outside the write path
      setImmediate(() => committed.forEach((each) => this.tell(tenant, each)));
    });
  }

  /** Resolves when the handlers are through with what has been committed, or have taken too long. */
  async settled(): Promise<void> {
    if (this.handlers.isEmpty) return;
    await new Promise(setImmediate);
    await this.handlers.settled();
  }

  /** The last writes are committed while the server drains; they have been told by now. */
  async onApplicationShutdown(): Promise<void> {
    this.stopListening?.();
    await new Promise(setImmediate);
    this.handlers.close();
    this.subject.complete();
  }

  private tell(tenant: string, committed: Committed): void {
    const event = { tenant, ...eventOf(ownOf(committed)) };
    this.handlers.tell(event, committed.size);
    this.subject.next(event);
  }
}

/** What an application makes of its event is nothing to readers of the feed. */
function ownOf({ alteration, atome, texts }: Committed): Pick<Committed, 'alteration' | 'atome'> {
  if (!texts) return { alteration, atome };
  const change = { operation: alteration.operation, changes: JSON.parse(texts.changes) as unknown } as Change;
  return { alteration: newAlteration(alteration, change, alteration, alteration), atome: ownAtome(atome, texts) };
}
