import { Logger } from '@nestjs/common';
import { StoreError } from '../ledger/store-error.js';
import { AtomeError } from '../protocol/index.js';
import { LimitedLog } from './limited-log.js';

/**
 * Logs what fails beside the answers to requests, where a thousand readers may meet one fault at once: what the store has
 * reported is not said again, and the rest once an interval for each kind.
 */
export function errorLog(context: string): (error: unknown, requestId?: string) => void {
  const logger = new Logger(context);
  const limited = new LimitedLog({ warn: (line: string) => logger.error(line) });
  return (error, requestId) => {
    if (error instanceof StoreError) return;
    const of = requestId === undefined ? '' : `request ${requestId}: `;
    if (error instanceof AtomeError) limited.warn(error.code, of + error.message);
    else limited.warn(kindOf(error), of + (error instanceof Error ? (error.stack ?? error.message) : String(error)));
  };
}

/** Errors of one kind that come from two places of the program are two faults. */
function kindOf(error: unknown): string {
  const { name, code, stack } = (error ?? {}) as { name?: unknown; code?: unknown; stack?: unknown };
  const place = typeof stack === 'string' ? /^ +at .*$/m.exec(stack)?.[0] : undefined;
  return `${String(name)} ${String(code)} ${place ?? ''}`;
}
