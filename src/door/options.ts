import type { JwtOptions } from '../access/jwt.authenticator.js';
import type { Role } from '../access/roles.js';
import { DEFAULT_FEED_OPTIONS, type FeedOptions } from '../feed/options.js';
import { DEFAULT_LIMITS, WS_PATH, type Limits } from '../protocol/index.js';

/** Bounds and times of one WebSocket. */
export interface SocketOptions {
  /** Messages taken from one socket in a second; what comes faster is read later, not refused. */
  readonly messagesPerSecond: number;
  /** How many may come at once. */
  readonly messageBurst: number;
  /** How often each socket is pinged, in milliseconds; one that has not answered by the next is closed with 4408. */
  readonly heartbeatMs: number;
  /** How long a client may take to say who it is, in milliseconds. */
  readonly authMs: number;
  /** Compress frames. Costs memory for each socket and the sharing of encoded frames. */
  readonly deflate: boolean;
}

export const DEFAULT_SOCKET_OPTIONS: SocketOptions = {
  messagesPerSecond: 50,
  messageBurst: 100,
  heartbeatMs: 30_000,
  authMs: 5_000,
  deflate: false,
};

/** Accounts of this server's own, which it signs tokens for with the secret of `jwt`. */
export interface AccountOptions {
  /** One tenant, `default`, for all accounts; or each account in a tenant of its own, named by its id. */
  readonly tenancy: 'shared' | 'own';
  /** What an account may do in its tenant. */
  readonly role: Role;
  readonly accessTokenSeconds: number;
}

export const DEFAULT_ACCOUNT_OPTIONS: AccountOptions = { tenancy: 'shared', role: 'writer', accessTokenSeconds: 600 };

/** What `AtomeModule` can be told; everything has a default. */
export interface AtomeOptions {
  /** `sqlite:<path>`, `sqlite::memory:` or `postgres://…`; default `sqlite:./data/atome.sqlite`. */
  readonly databaseUrl?: string;
  readonly limits?: Partial<Limits>;
  readonly socket?: Partial<SocketOptions>;
  readonly feed?: Partial<FeedOptions>;
  /** Who may call is proved by JSON Web Tokens; left out, authentication is off. */
  readonly jwt?: JwtOptions;
}

/** What must be known before the application starts, also where the rest comes from a factory. */
export interface AtomeStaticOptions {
  /** Path of the WebSocket; default `/ws/atome-sync`. */
  readonly wsPath?: string;
  /** Register and log in under `auth`. Needs `jwt` with a secret; left out, there are no accounts. */
  readonly accounts?: Partial<AccountOptions>;
}

export const DEFAULT_DATABASE_URL = 'sqlite:./data/atome.sqlite';

/** The options with every default filled in; injected as this class. */
export class ResolvedOptions {
  readonly databaseUrl: string;
  readonly wsPath: string;
  readonly limits: Limits;
  readonly socket: SocketOptions;
  readonly feed: FeedOptions;
  readonly jwt: JwtOptions | undefined;

  constructor(options: AtomeOptions & AtomeStaticOptions) {
    this.databaseUrl = options.databaseUrl ?? DEFAULT_DATABASE_URL;
    this.wsPath = options.wsPath ?? WS_PATH;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.socket = { ...DEFAULT_SOCKET_OPTIONS, ...options.socket };
    this.feed = { ...DEFAULT_FEED_OPTIONS, ...options.feed };
    this.jwt = options.jwt;
  }
}
