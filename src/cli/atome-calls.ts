import { text } from 'node:stream/consumers';
import { errorWords } from '../database/error-words.js';
import { UsageError } from '../config/command-line.js';
import { OP_ID_PATTERN } from '../protocol/index.js';
import { ask, Away, refusal, SERVER_FLAGS, type RemoteCall } from './remote.js';

/** How long a server may take to answer, in milliseconds. */
const ANSWER_MS = 30_000;

/** Flags of a command that writes an atome. */
export const WRITE_FLAGS = {
  ...SERVER_FLAGS,
  reason: { type: 'string', takes: '<text>', help: 'why, for the history' },
  key: { type: 'string', takes: '<key>', help: 'the idempotency key: said twice, it is one write' },
} as const;

/** The flag of a command that alters an atome which is there. */
export const MATCH_FLAG = {
  version: { type: 'string', takes: '<number>', help: 'only if it is still in this version' },
} as const;

/** What a command asks of the routes of atomes. */
export interface AtomeCall {
  readonly method?: string;
  /** What is behind the address of the routes, with a name in each `:`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** What a server knows of an atome, as far as commands show it. */
export interface AtomeRow {
  readonly id: string;
  readonly version: number;
  readonly kind?: string;
  readonly updatedAt?: string;
  readonly deletedAt?: string | null;
}

/** The answer to a write, as far as commands show it. */
export interface WriteAnswer {
  readonly id: string;
  readonly version?: number;
  readonly newVersion?: number;
  readonly seq: number;
}

/** Asks for it, and resolves with the answer. @throws UsageError, Away or Failure */
export async function callAtomes<T>(
  server: RemoteCall,
  { method = 'GET', path, query = {}, body, headers = {} }: AtomeCall,
): Promise<T> {
  const search = new URLSearchParams(given(query)).toString();
  const { answer, address } = await ask(server, `/atome/${path}${search && `?${search}`}`, {
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json', ...given(headers) },
    ...(method !== 'GET' && { body: JSON.stringify(given(body ?? {})) }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const result: unknown = await answer.json().catch((error: unknown) => {
    throw new Away(`${address}: its answer cannot be read: ${errorWords(error)}`);
  });
  if (answer.ok) return result as T;
  throw refusal(address, answer, result, 'no more');
}

function given<T>(values: Readonly<Record<string, T | undefined>> | object): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** The headers of a write: its key, and the version that it is about. @throws UsageError */
export function writeHeaders(key: string | undefined, version?: string): AtomeCall['headers'] & object {
  if (key !== undefined && !OP_ID_PATTERN.test(key)) {
    throw new UsageError('--key: expected 1–200 visible ASCII characters');
  }
  if (version !== undefined && !/^\d{1,15}$/.test(version)) throw new UsageError('--version: expected a number');
  return { 'idempotency-key': key, 'if-match': version === undefined ? undefined : `"v${version}"` };
}

/**
 * What is given as JSON; `-` takes it from standard input: an argument has bounds, and others of this machine see it.
 * @param name of the flag or argument. @throws UsageError
 */
export async function jsonOf(name: string, given: string): Promise<unknown> {
  try {
    return JSON.parse(given === '-' ? await text(process.stdin) : given) as unknown;
  } catch (error) {
    throw new UsageError(`${name}: expected JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** A row of a list, for people. */
export function rowLine({ id, version, kind = '', updatedAt = '', deletedAt }: AtomeRow): string {
  return `${id}  v${version}  ${kind}  ${updatedAt}${deletedAt ? '  deleted' : ''}`;
}

/** What a write has done, for people. */
export function writeLine({ id, version, newVersion, seq }: WriteAnswer): string {
  return `${id}  v${newVersion ?? version}  seq ${seq}`;
}

/** Says on standard error how to see more, where there is more. */
export function sayCursor(nextCursor: string | number | null | undefined): void {
  if (nextCursor != null) process.stderr.write(`there is more: --cursor ${nextCursor}\n`);
}
