import type { LoggerService } from '@nestjs/common';
import type { LimitedLog } from '../http/limited-log.js';
import type { TenantEvent } from './on-atome.js';

/** A method that is told of events. */
export type Handler = (event: TenantEvent) => unknown;

/** What a handler is told of, and how. */
interface Target {
  readonly takes: (event: TenantEvent) => boolean;
  readonly call: Handler;
}

interface Logs {
  readonly onError: Pick<LoggerService, 'error'>;
  readonly onBehind: Pick<LimitedLog, 'warn'>;
}

/** How many events may wait before it is worth a word. */
const MANY = 1_000;

/** Tells one handler of one event after the other. */
export class HandlerQueue {
  /** How many events are under way. */
  length = 0;
  /** About how many bytes they take. */
  bytes = 0;
  private last: Promise<void> = Promise.resolve();

  constructor(
    readonly label: string,
    private readonly target: Target,
    private readonly logs: Logs,
  ) {}

  /** Resolves when the handler is through with all that is here by now. */
  get settled(): Promise<void> {
    return this.last;
  }

  push(event: TenantEvent, bytes: number): void {
    if (!this.target.takes(event)) return;
    this.length += 1;
    this.bytes += bytes;
    if (this.length >= MANY) this.warn();
    this.last = this.last.then(() => this.tell(event, bytes));
  }

  private async tell(event: TenantEvent, bytes: number): Promise<void> {
    try {
      await this.target.call(event);
    } catch (error) {
      const what = `${this.label} failed on ${event.type} at seq ${event.seq} of "${event.tenant}"`;
      this.logs.onError.error(`${what}: ${String(error)}`, error instanceof Error ? error.stack : undefined);
    }
    this.length -= 1;
    this.bytes -= bytes;
  }

  private warn(): void {
    const line = `${this.label} is ${this.length} events behind: each takes longer than the next needs to come; let it return sooner, or read the changes from a cursor`;
    this.logs.onBehind.warn(`behind: ${this.label}`, line);
  }
}
