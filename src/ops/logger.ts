import type { LoggerService } from '@nestjs/common';
import type { Logger as Pino } from 'pino';
import { OpenError } from '../database/open-error.js';

/** What Nest says of its own start on every start; nobody reads it twice. */
const START_CONTEXTS: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'WebSocketsController',
]);

/** Nest's log on pino: one line of JSON each, at one level for all. */
export class PinoLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log(message: unknown, context?: string): void {
    if (typeof message === 'object' && message !== null) this.pino.info({ context, ...message });
    else this.pino[START_CONTEXTS.has(context) ? 'debug' : 'info']({ context }, text(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    // whoever started the server is told of it, in one sentence
    if (message instanceof OpenError) return;
    if (message instanceof Error) this.pino.error({ err: message, context }, message.message);
    else this.pino.error({ context, stack: rest.length > 1 ? rest[0] : undefined }, text(message));
  }

  warn(message: unknown, context?: string): void {
    this.pino.warn({ context }, text(message));
  }

  debug(message: unknown, context?: string): void {
    this.pino.debug({ context }, text(message));
  }

  verbose(message: unknown, context?: string): void {
    this.pino.trace({ context }, text(message));
  }

  fatal(message: unknown, context?: string): void {
    this.pino.fatal({ context }, text(message));
  }
}

function text(message: unknown): string {
  return typeof message === 'string' ? message : JSON.stringify(message);
}
