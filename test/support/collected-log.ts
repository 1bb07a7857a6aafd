import { EventEmitter, once } from 'node:events';
import type { INestApplication } from '@nestjs/common';

/** A line as the application gave it to its log. */
export interface LogLine {
  readonly level: string;
  readonly context: string | undefined;
  readonly message: unknown;
}

/** Takes over the log of an application, so that a test can wait for a line of it. */
export class CollectedLog {
  readonly lines: LogLine[] = [];
  private readonly arrivals = new EventEmitter();

  constructor(app: Pick<INestApplication, 'useLogger'>) {
    const at =
      (level: string) =>
      (message: unknown, ...rest: unknown[]): void => {
        this.lines.push({ level, context: rest.at(-1) as string | undefined, message });
        this.arrivals.emit('line');
      };
    app.useLogger({ log: at('log'), warn: at('warn'), error: at('error'), fatal: at('fatal') });
  }

  /** What was said in a context so far. */
  of(context: string): unknown[] {
    return this.lines.filter((line) => line.context === context).map(({ message }) => message);
  }

  /** Resolves with what was said in a context when that are so many lines. */
  async told(context: string, count: number): Promise<unknown[]> {
    while (this.of(context).length < count) await once(this.arrivals, 'line');
    return this.of(context);
  }
}
