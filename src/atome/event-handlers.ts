import { Injectable, Logger } from '@nestjs/common';
import { ContextIdFactory, DiscoveryService, MetadataScanner, ModuleRef, Reflector } from '@nestjs/core';
import { MemoryBudget } from '../auth/admission/memory-budget.js';
import {
  resolvedConsumer,
  type ConsumerHost,
  type ConsumerOptions,
  type Delivery,
} from '../consumers/consumer-options.js';
import { LimitedLog } from '../http/limited-log.js';
import { HandlerQueue } from './handler-queue.js';
import { ON_ATOME, type AtomeEventName, type TenantEvent } from './on-atome.js';

/** How long the end waits for handlers, in milliseconds, all together. */
const CLOSE_MS = 10_000;

/** A method as it stands in its class. */
type Handler = (event: TenantEvent, delivery?: Delivery) => unknown;
type What = AtomeEventName | ConsumerOptions;
type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** The methods with `OnAtome`, each with the events that wait for it. */
@Injectable()
export class EventHandlers {
  /** As a holder of memory. */
  readonly name = 'events that handlers have not been told yet';
  private readonly logger = new Logger('AtomeEvents');
  private readonly log = new LimitedLog(this.logger);
  private readonly queues: HandlerQueue[] = [];
  private closeBy: number | undefined;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    memory: MemoryBudget,
  ) {
    memory.register(this);
  }

  /** About how many bytes wait; what a slow handler has not been told of is no reason to run out of memory. */
  get bytes(): number {
    let bytes = 0;
    for (const queue of this.queues) bytes += queue.bytes;
    return bytes;
  }

  get isEmpty(): boolean {
    return this.queues.length === 0;
  }

  /**
   * Finds the methods, in all modules of the application.
   * @param consumers is told of the durable ones.
   */
  async bind(consumers: ConsumerHost): Promise<void> {
    const bound = new Set<unknown>();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance: unknown = wrapper.instance;
      // the same object may be provided under several names
      if (typeof instance !== 'object' || instance === null || bound.has(instance)) continue;
      bound.add(instance);
      for (const [label, what, call] of await this.methodsOf(wrapper, instance)) {
        if (typeof what === 'object') consumers.declare(resolvedConsumer(label, what, call));
        else this.queues.push(this.queueOf(label, what, call));
      }
    }
  }

  /** @param chars about how many the event takes. */
  tell(event: TenantEvent, chars: number): void {
    for (const queue of this.queues) queue.push(event, chars);
  }

  /** Resolves when all handlers are through with what they have been told; of calls together, not later than after 10 seconds. */
  async settled(): Promise<void> {
    this.closeBy ??= Date.now() + CLOSE_MS;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.closeBy! - Date.now());
    });
    await Promise.race([Promise.all(this.queues.map((queue) => queue.settled)), late]);
    clearTimeout(timer);
  }

  /** Tells the log of events that are lost with the end. */
  close(): void {
    for (const { label, length } of this.queues) {
      if (length > 0) this.logger.error(`${label} is still under way at the end: ${length} events are lost to it`);
    }
  }

  private queueOf(label: string, name: AtomeEventName, call: Handler): HandlerQueue {
    const takes = (event: TenantEvent): boolean => name === '*' || event.type === `atome:${name}`;
    return new HandlerQueue(label, { takes, call }, { onError: this.logger, onBehind: this.log });
  }

  private async methodsOf(wrapper: Wrapper, instance: object): Promise<[string, What, Handler][]> {
    const prototype = Object.getPrototypeOf(instance) as Record<string, unknown>;
    const names = this.scanner
      .getAllMethodNames(prototype)
      .filter((name) => this.whatOf(prototype[name]) !== undefined);
    if (names.length === 0) return [];
    const receiver = await receiverOf(wrapper, instance);
    return names.map((method) => {
      const handler = prototype[method] as Handler;
      const call: Handler = (event, ...delivery) => {
        const made = receiver(event);
        if (made instanceof Promise) return made.then((it) => handler.call(it, event, ...delivery));
        return handler.call(made, event, ...delivery);
      };
      const label = `${(prototype.constructor as { name: string }).name}.${method}`;
      return [label, this.whatOf(handler)!, call];
    });
  }

  private whatOf(method: unknown): What | undefined {
    return this.reflector.get<What | undefined>(ON_ATOME, method as Handler);
  }
}

/** Whose method it is. What is not the same for all has no instance yet: Nest leaves a prototype in its place. */
async function receiverOf(
  wrapper: Wrapper,
  instance: object,
): Promise<(event: TenantEvent) => object | Promise<object>> {
  if (wrapper.isDependencyTreeStatic() && !wrapper.isTransient) return () => instance;
  const modules = wrapper.host!.getProviderByKey<ModuleRef>(ModuleRef).instance;
  if (wrapper.isDependencyTreeStatic()) {
    const made = await modules.resolve<object>(wrapper.token);
    return () => made;
  }
  return (event) => {
    const context = ContextIdFactory.create();
    modules.registerRequestByContextId(event, context);
    return modules.resolve<object>(wrapper.token, context);
  };
}
