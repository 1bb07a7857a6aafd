import type { LoggerService } from '@nestjs/common';
import { pino, type Level, type Logger as Pino } from 'pino';
import type { LogConfig } from '../config/log-environment.js';
import { OpenError } from '../database/open-error.js';
import { LogOutput } from './log-output.js';
import { PrettyLines } from './pretty-lines.js';

/** What Nest says of its own start on every start; nobody reads it twice. */
const START_CONTEXTS: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'WebSocketsController',
]);

/** Made once: a process has one standard output. */
let output: LogOutput | undefined;

function standardOutput(): LogOutput {
  if (!output) {
    const made = new LogOutput(process.stdout.fd);
    process.on('exit', () => made.waitAtExit());
    output = made;
  }
  return output;
}

/** Resolves when the log has been written, or after so many milliseconds. */
export async function flushLog(ms: number): Promise<void> {
  await output?.flush(ms);
}

/** The log of the server on standard output. */
export function openLogger({ logLevel, logFormat }: Pick<LogConfig, 'logLevel' | 'logFormat'>): PinoLogger {
  const { stdout } = process;
  const isPretty = logFormat === 'pretty' || (logFormat === 'auto' && stdout.isTTY);
  return new PinoLogger(pino({ level: logLevel }, isPretty ? new PrettyLines(stdout) : standardOutput()));
}

/** What Nest says of an address that cannot be listened to. */
const NOT_LISTENING = /^Error: (?:listen|getaddrinfo) /;

/** Nest's log on pino: one line of JSON each, at one level for all. */
export class PinoLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  /** Whether lines of a level are written. */
  tells(level: Level): boolean {
    return this.pino.isLevelEnabled(level);
  }

  log(message: unknown, context?: string): void {
    if (typeof message === 'object' && message !== null) this.pino.info({ context, ...message });
    else this.pino[START_CONTEXTS.has(context) ? 'debug' : 'info']({ context }, text(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    // whoever started the server is told of it, in one sentence
    if (message instanceof OpenError || (context === 'NestApplication' && NOT_LISTENING.test(String(message)))) return;
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
