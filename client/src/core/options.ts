import type { Filter as ServerFilter, Where } from '../../../src/protocol/index.js';
import type { Backoff } from '../connection/backoff.js';
import type { ConnectionParts } from '../connection/connection.js';
import type { Predicate } from '../query/query.js';
import { dialWebSocket, type Dial, type WebSocketConstructor } from '../connection/transport.js';

/**
 * A token, or a function that is asked for one before each connection and each call.
 * `renew`: the server has refused the last one.
 */
export type TokenSource =
  string | ((request: { readonly renew: boolean }) => string | null | undefined | Promise<string | null | undefined>);

/** Where the server is, and how to reach it; everything has a default. */
export interface ServerOptions {
  /** The server: `ws(s)://` or `http(s)://`. Default: the page's origin, else `http://127.0.0.1:3001`. */
  readonly url?: string | undefined;
  /** Who one is, for servers that ask for it. Default: none. */
  readonly token?: TokenSource | undefined;
  /** Default: the platform's, else that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /** First delay 1 s, doubled up to 30 s; `createUnified` gives up after 10 attempts, `createClient` never. */
  readonly reconnect?: Partial<Backoff> | undefined;
  /** Time between two pings. Default 30,000. */
  readonly heartbeatMs?: number | undefined;
  /** How long the server may take to answer a ping or a step of the handshake. Default 10,000. */
  readonly answerMs?: number | undefined;
  /** Replaces the WebSocket, as tests do. */
  readonly dial?: Dial | undefined;
  /** In [0, 1). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** Which atomes to hear of; what is not named is not restricted. */
export interface Filter extends Omit<ServerFilter, 'where'> {
  /** Those of which it is true. */
  readonly where?: Where | Predicate | undefined;
}

/** The platform's `fetch`; its type is nothing where types of the platform are missing. */
export type Fetch = typeof globalThis extends { readonly fetch: infer Own } ? Own : never;

/** What {@link createUnified} takes. */
export interface UnifiedOptions extends ServerOptions {
  /** Which atomes to hear of. Default: all. */
  readonly filter?: Filter | undefined;
  /** Default: the platform's. */
  readonly fetch?: Fetch | undefined;
  /** How long one REST request may take. Default 10,000. */
  readonly requestMs?: number | undefined;
}

/** The options with their defaults filled in. */
export interface Settings extends ConnectionParts {
  readonly url: string | undefined;
  readonly token: TokenSource | undefined;
}

const RECONNECT: Backoff = { firstMs: 1_000, maxMs: 30_000, attempts: 10 };

export function settingsOf(options: ServerOptions): Settings {
  const { url, token, random = Math.random, heartbeatMs = 30_000, answerMs = 10_000 } = options;
  return {
    url,
    token,
    random,
    dial: options.dial ?? dialWebSocket(options.WebSocket),
    reconnect: { ...RECONNECT, ...options.reconnect },
    heartbeatMs,
    answerMs,
    stableMs: 30_000,
  };
}
