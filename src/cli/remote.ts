import { UsageError } from '../config/command-line.js';
import { processEnvironment } from '../config/process-environment.js';
import { isObject } from '../protocol/index.js';
import { Failure } from './command.js';

/** The token as a variable: flags can be seen by other users. */
const TOKEN_VARIABLE = 'ATOME_SYNC_TOKEN';

const VISIBLE = /^[\x21-\x7e]+$/;

/** Flags of a command that asks a running server. */
export const SERVER_FLAGS = {
  url: {
    type: 'string',
    default: 'http://127.0.0.1:3001',
    takes: '<address>',
    help: 'of the server; with a path, of its routes, such as https://example.org/sync/api',
  },
  token: {
    type: 'string',
    takes: '<token>',
    help: `of somebody who may read, where the server asks for one; better as ${TOKEN_VARIABLE}, which others of this machine do not see`,
  },
} as const;

/** Nobody answers, or not now: later somebody may. */
export class Away extends Failure {}

/** The server says no. */
export class Refused extends Failure {
  /** @param problem what it has answered, with `code` and, in milliseconds, `retryAfter`; empty where it does not say. */
  constructor(
    message: string,
    readonly problem: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }
}

/** What is asked: with GET, unless it says so. */
interface Asked {
  readonly method?: string;
  readonly body?: string;
  readonly headers: Record<string, string>;
  readonly signal?: AbortSignal;
}

export interface RemoteCall {
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * Asks a server.
 * @param path behind the address of its routes.
 * @throws UsageError where that is no address, or Away where nobody answers there, each with what to do.
 */
export async function ask(
  { url, token }: RemoteCall,
  path: string,
  { headers, signal, ...request }: Asked,
): Promise<{ readonly answer: Response; readonly address: string }> {
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new UsageError(`--url: expected an http address, not ${url}`);
  const { pathname, origin } = new URL(url);
  const address = `${origin}${pathname === '/' ? '/api' : pathname.replace(/\/$/, '')}${path}`;
  const given = token ?? processEnvironment({}, () => undefined)[TOKEN_VARIABLE];
  // not repeated: it is a secret
  if (given && !VISIBLE.test(given)) {
    throw new UsageError(
      `${token === undefined ? TOKEN_VARIABLE : '--token'}: expected visible ASCII characters alone`,
    );
  }
  const authorization = given && { authorization: `Bearer ${given}` };
  try {
    return {
      answer: await fetch(address, { ...request, headers: { ...headers, ...authorization }, signal: signal ?? null }),
      address,
    };
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    throw new Away(`${address} does not answer: ${why}; is the server running?`, { cause: error });
  }
}

/** What an answer that was not expected says. @param body of it, as far as it could be read. */
export function refusal(address: string, { status }: Response, body: unknown, otherwise: string): Refused {
  const problem = isObject(body) ? body : {};
  const { detail } = problem;
  const says = typeof detail === 'string' ? `: ${detail}` : `, and ${otherwise}`;
  return new Refused(`${address} says ${status}${says}`, problem);
}
