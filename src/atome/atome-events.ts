import {
  Injectable,
  Logger,
  SetMetadata,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { Subject, type Observable, type Subscription } from 'rxjs';
import { eventOf } from '../feed/entry.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import type { AtomeEvent } from '../protocol/index.js';

/** The events of one kind of change, and of all. */
export type AtomeEventName = 'created' | 'updated' | 'altered' | 'deleted' | '*';

/** An event with the tenant in whose ledger it is. */
export type TenantEvent = AtomeEvent & {
  /** Whose ledger it is in. */
  readonly tenant: string;
};

const ON_ATOME = 'atome-sync:on-atome';

/**
 * Calls a method of a provider after each commit of that kind by this process; see {@link AtomeEvents}.
 * What it throws is logged and touches nothing.
 */
export const OnAtome = (name: AtomeEventName): MethodDecorator => SetMetadata(ON_ATOME, name);

/**
 * What this process has committed, after the commit, in order for each tenant. It is told once and kept
 * nowhere: work that must not be missed reads the changes from a cursor of its own.
 */
@Injectable()
export class AtomeEvents implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly subject = new Subject<TenantEvent>();
  private readonly logger = new Logger('AtomeEvents');
  private readonly subscriptions: Subscription[] = [];
  private stopListening: (() => void) | undefined;

  constructor(
    private readonly writer: LedgerWriter,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  /** All events of this process as an Observable, which completes when the application ends. */
  get stream(): Observable<TenantEvent> {
    return this.subject.asObservable();
  }

  /** Nest calls it: binds the methods with {@link OnAtome}, and begins to listen. */
  onApplicationBootstrap(): void {
    this.bindHandlers();
    this.stopListening = this.writer.onCommit((tenant, committed) => {
      if (!this.subject.observed) return;
      // a queue of its own: the host's code runs outside the write path
      setImmediate(() => committed.forEach((each) => this.subject.next({ tenant, ...eventOf(each) })));
    });
  }

  /** The last writes are committed while the server drains; they are told before this ends. */
  async onApplicationShutdown(): Promise<void> {
    this.stopListening?.();
    await new Promise(setImmediate);
    this.subscriptions.forEach((subscription) => subscription.unsubscribe());
    this.subject.complete();
  }

  private bindHandlers(): void {
    for (const { instance } of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      if (typeof instance !== 'object' || instance === null) continue;
      const host = instance as Record<string, unknown>;
      for (const method of this.scanner.getAllMethodNames(Object.getPrototypeOf(host) as object)) {
        const handler = host[method];
        if (typeof handler !== 'function') continue;
        const name = this.reflector.get<AtomeEventName | undefined>(ON_ATOME, handler);
        if (name)
          this.bind(name, (event) => handler.call(host, event) as unknown, `${host.constructor.name}.${method}`);
      }
    }
  }

  private bind(name: AtomeEventName, handler: (event: TenantEvent) => unknown, label: string): void {
    const call = async (event: TenantEvent): Promise<void> => {
      try {
        await handler(event);
      } catch (error) {
        this.logger.error(`${label} failed on ${event.type} at seq ${event.seq}: ${String(error)}`);
      }
    };
    this.subscriptions.push(
      this.subject.subscribe((event) => {
        if (name === '*' || event.type === `atome:${name}`) void call(event);
      }),
    );
  }
}
