import type { DataSource } from 'typeorm';
import type { AuthorizeHook } from '../auth/authorization/access-policy.js';
import type { AuthenticateHook } from '../auth/authentication/authenticate-hook.js';
import type { JwtOptions } from '../auth/authentication/jwt.authenticator.js';
import type { Policies } from '../auth/authorization/kind-policies.js';
import { originOptions, type OriginOptions } from '../auth/admission/origin-options.js';
import { DEFAULT_CONNECTION_LIMITS, type ConnectionLimits } from '../auth/admission/connection-limiter.js';
import { defaultMemoryBudget } from '../auth/admission/memory-budget.js';
import type { Role } from '../auth/authorization/roles.js';
import { DEFAULT_FEED_OPTIONS, type FeedOptions } from '../feed/options.js';
import type { Kinds } from '../kinds/kind-options.js';
import { urlOf } from './shared-database.js';
import type { UpstreamOptions } from './upstream-options.js';
import { KindRegistry } from '../kinds/kind-registry.js';
import { DEFAULT_POSTGRES_LIMITS, type PostgresLimits } from '../ledger/stores/postgres/postgres.limits.js';
import { NO_QUOTAS, type Quotas } from '../ledger/write/quotas.js';
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

/** How many calls that read or write very much may run at once; 0: as many as come. */
export interface HeavyLimits {
  readonly total: number;
  /** Of one principal; not looked at where everybody is the same one. */
  readonly perPrincipal: number;
}

export const DEFAULT_HEAVY_LIMITS: HeavyLimits = { total: 64, perPrincipal: 16 };

/** Accounts of this server's own, which it signs tokens for with the secret of `jwt`. */
export interface AccountOptions {
  /** One tenant, `default`, for all accounts; or each account in a tenant of its own, named by its id. */
  readonly tenancy: 'shared' | 'own';
  /** What an account may do in its tenant. */
  readonly role: Role;
  /** How long an access token is good, in seconds; default 600. Refresh tokens are good for 30 days. */
  readonly accessTokenSeconds: number;
}

export const DEFAULT_ACCOUNT_OPTIONS: AccountOptions = { tenancy: 'shared', role: 'writer', accessTokenSeconds: 600 };

/** How webhooks are sent. */
export interface WebhookOptions {
  /** Whether they may lead to private networks, and to `http:`: for development. Default: false. */
  readonly allowPrivate: boolean;
  /** How many a tenant may have; default 20. */
  readonly perTenant: number;
  /** Milliseconds that an answer may take, with all that is before it; default 10,000. */
  readonly timeoutMs: number;
  /** Milliseconds before the second attempt; before each other one twice as many, an hour at most. Default: 5,000. */
  readonly backoffMs: number;
  /** After so many milliseconds an event is given up, and the next is sent; default: three days. */
  readonly giveUpMs: number;
}

export const DEFAULT_WEBHOOK_OPTIONS: WebhookOptions = {
  allowPrivate: false,
  perTenant: 20,
  timeoutMs: 10_000,
  backoffMs: 5_000,
  giveUpMs: 3 * 24 * 3_600_000,
};

/** How long alterations stay in the ledger, and where they go then. */
export interface RetentionOptions {
  /** Milliseconds after which alterations are moved into archives, once a day; 0, the default: never. */
  readonly keepMs: number;
  /** Where archives go; default `./data/archive`. */
  readonly archiveFolder: string;
  /**
   * Milliseconds after which a durable consumer that nobody runs keeps no alterations from going any more; 0, the default: it always does.
   */
  readonly consumersExpireMs: number;
  /** Signs what stands where the history begins; at least 32 bytes. Default: a secret that is kept in the database. */
  readonly ledgerKey?: string;
}

export const DEFAULT_RETENTION: RetentionOptions = { keepMs: 0, consumersExpireMs: 0, archiveFolder: './data/archive' };

/** What `AtomeModule` can be told; everything has a default. */
export interface AtomeOptions {
  /** `sqlite:<path>`, `sqlite::memory:` or `postgres://…`; default that of `dataSource`, else `sqlite:./data/atome.sqlite`. */
  readonly databaseUrl?: string;
  /**
   * The schema of PostgreSQL for the tables, which the start makes; default `atome`. Tables that an earlier version has made
   * among those of others are moved there.
   */
  readonly databaseSchema?: string;
  /** Whether the start makes the tables and brings them up to date; otherwise it is refused unless they are. Default: true. */
  readonly migrate?: boolean;
  /**
   * TypeORM's, of the same database, which the application writes its own rows through: for `AtomeService.transaction`, and for what
   * a durable consumer writes. The application initialises it before the first of them, and ends it. On SQLite consumers have a
   * connection of their own, with its entities.
   */
  readonly dataSource?: DataSource;
  /**
   * How servers on one database tell each other of their writes: `postgres` (LISTEN/NOTIFY of the database), `postgres://…` (the
   * same, past a pooler), `nats://…` or `tls://…` (NATS), `off`. Default: `postgres` on PostgreSQL, else `off`.
   */
  readonly bus?: string;
  /** The path of a `.creds` file, or of one with the seed of an NKey, for NATS. */
  readonly busCredentials?: string;
  /** The path of certificates of the authorities that are trusted with `tls://…`. Default: those of Node. */
  readonly busCa?: string;
  /** The server that this one follows: an edge of that one. */
  readonly upstream?: UpstreamOptions;
  /** Connections to PostgreSQL, and how long a statement may take there; what is left out has its default. */
  readonly postgres?: Partial<PostgresLimits>;
  /** How long alterations stay, and where they go then; what is left out has its default: they stay. */
  readonly retention?: Partial<RetentionOptions>;
  /** Bounds on what a client may send; what is left out has its default. */
  readonly limits?: Partial<Limits>;
  /** Bounds and times of each WebSocket; what is left out has its default. */
  readonly socket?: Partial<SocketOptions>;
  /** Bounds and times of the feed; what is left out has its default. */
  readonly feed?: Partial<FeedOptions>;
  /** Who may call is proved by JSON Web Tokens; left out, authentication is off. */
  readonly jwt?: JwtOptions;
  /**
   * Who calls, as the application knows it: by a session of its own, say. Beside tokens, or in place of them; for REST, streams
   * and the WebSocket alike.
   */
  readonly authenticate?: AuthenticateHook;
  /** What holds for the atomes of a kind. */
  readonly policies?: Policies;
  /** What is asked of the atomes of a kind, whichever way they are written. */
  readonly kinds?: Kinds;
  /** Whether no atome may be of another kind than those of `kinds`. Default: false. */
  readonly kindsOnly?: boolean;
  /** The application's own word on single atomes. */
  readonly authorize?: AuthorizeHook;
  /**
   * Origins of web pages elsewhere that may connect, and call, such as `https://app.example`; `*` for all, which needs
   * `jwt`. Default: none.
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Names under which the module's calls and its WebSocket may be asked for, without port; `*` for all. Default: all with
   * `jwt`; without it those of this machine, so that no page can have one that leads here.
   */
  readonly allowedHosts?: readonly string[];
  /**
   * Whether pages of other origins are refused: by `Origin`, and without `jwt` also by `Sec-Fetch-Site`. Default: at the
   * WebSocket, and without `jwt` at the module's calls too. `false` leaves it to the application.
   */
  readonly checkOrigins?: boolean;
  /**
   * Whether a `POST` needs a JSON content type, or a header that no page elsewhere can send unasked: `X-Client-Id`,
   * `Idempotency-Key`, `X-Requested-With: XMLHttpRequest`, or `Authorization: Bearer`. `'browsers'` asks it only of what
   * names itself a browser. Default: without `jwt`, since a cookie or an address may be all that proves who calls.
   */
  readonly requireWriteHeader?: boolean | 'browsers';
  /** What each tenant may use. */
  readonly quotas?: Partial<Quotas>;
  /** How many connections and streams may be open at once. */
  readonly connections?: Partial<ConnectionLimits>;
  /**
   * A list that no index finds or has in order, and that may have to look through more atomes than that, is refused. Default: 0, no limit.
   */
  readonly queryScanLimit?: number;
  /** How many searches, exports, snapshots, audits and shares may run at once. */
  readonly heavyCalls?: Partial<HeavyLimits>;
  /**
   * Bytes that may be held in memory for what callers ask, of all tenants together: recent alterations, pages of the ledger,
   * writes that wait, bodies, answers, presences. Default, and 0: a third of what the heap may have.
   */
  readonly memoryBudget?: number;
  /** How many proxies stand in front, each of which appends to `X-Forwarded-For` whom it was asked by; default 0. */
  readonly proxies?: number;
  /** Whether each request of the module's routes has a line of level `log` in the context `access`, when it is over. Default: false. */
  readonly accessLog?: boolean;
}

/** What must be known before the application starts, also where the rest comes from a factory. */
export interface AtomeStaticOptions {
  /** Path of the WebSocket; default `/ws/atome-sync`. */
  readonly wsPath?: string;
  /** Whether there is the WebSocket; `false` needs no adapter for it. Default: true. */
  readonly ws?: boolean;
  /** Where the routes stand below the prefix of the application, such as `objects`. Default: directly below it. */
  readonly path?: string;
  /** Whether there are routes at all. Default: true; without them the module is for the application's own code, and sockets. */
  readonly rest?: boolean;
  /** Whether there are routes under `audit`. Default: true. */
  readonly audit?: boolean;
  /** Whether there are routes under `user-data`. Default: true. */
  readonly userData?: boolean;
  /** Whether there is the route `schema`, which tells of the kinds. Default: true. */
  readonly schema?: boolean;
  /** Whether there are webhooks, and how they are sent; what is left out has its default. Default: true. */
  readonly webhooks?: boolean | Partial<WebhookOptions>;
  /** Whether all modules of the application may inject what this one exports, without importing it. Default: false. */
  readonly isGlobal?: boolean;
  /** Register and log in under `auth`. Needs `jwt` with a secret; left out, there are no accounts. */
  readonly accounts?: Partial<AccountOptions>;
}

export const DEFAULT_DATABASE_URL = 'sqlite:./data/atome.sqlite';

/** The options with every default filled in; injected as this class. */
export class ResolvedOptions {
  readonly databaseUrl: string;
  /** undefined where nobody has named one. */
  readonly databaseSchema: string | undefined;
  readonly migrate: boolean;
  readonly dataSource: DataSource | undefined;
  readonly bus: string | undefined;
  readonly busCredentials: string | undefined;
  readonly busCa: string | undefined;
  readonly upstream: UpstreamOptions | undefined;
  readonly postgres: PostgresLimits;
  readonly retention: RetentionOptions;
  readonly wsPath: string;
  readonly limits: Limits;
  readonly socket: SocketOptions;
  readonly feed: FeedOptions;
  readonly jwt: JwtOptions | undefined;
  readonly authenticate: AuthenticateHook | undefined;
  readonly policies: Policies | undefined;
  readonly authorize: AuthorizeHook | undefined;
  readonly kinds: KindRegistry | undefined;
  readonly origins: OriginOptions;
  readonly proxies: number;
  readonly accessLog: boolean;
  readonly quotas: Quotas;
  readonly connections: ConnectionLimits;
  readonly heavyCalls: HeavyLimits;
  readonly queryScanLimit: number;
  readonly memoryBudget: number;
  /** Whether one can register and log in here. */
  readonly hasAccounts: boolean;

  constructor(options: AtomeOptions & AtomeStaticOptions) {
    const { dataSource } = options;
    this.databaseUrl = options.databaseUrl ?? (dataSource && urlOf(dataSource)) ?? DEFAULT_DATABASE_URL;
    this.databaseSchema = options.databaseSchema;
    this.migrate = options.migrate ?? true;
    this.dataSource = dataSource;
    this.bus = options.bus;
    this.busCredentials = options.busCredentials;
    this.busCa = options.busCa;
    this.upstream = options.upstream;
    this.postgres = { ...DEFAULT_POSTGRES_LIMITS, ...options.postgres };
    this.retention = { ...DEFAULT_RETENTION, ...options.retention };
    this.wsPath = options.wsPath ?? WS_PATH;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.socket = { ...DEFAULT_SOCKET_OPTIONS, ...options.socket };
    this.feed = { ...DEFAULT_FEED_OPTIONS, ...options.feed };
    this.jwt = options.jwt;
    this.authenticate = options.authenticate;
    this.policies = options.policies;
    this.authorize = options.authorize;
    const { kinds, kindsOnly } = options;
    this.kinds = kinds || kindsOnly ? new KindRegistry(kinds, kindsOnly) : undefined;
    const { knowsCallers } = this;
    this.origins = originOptions(options, { hasTokens: knowsCallers && !this.authenticate, knowsCallers });
    this.connections = { ...DEFAULT_CONNECTION_LIMITS, ...options.connections };
    this.heavyCalls = { ...DEFAULT_HEAVY_LIMITS, ...options.heavyCalls };
    this.queryScanLimit = options.queryScanLimit ?? 0;
    this.quotas = { ...NO_QUOTAS, ...options.quotas };
    const { memoryBudget = 0 } = options;
    this.memoryBudget = memoryBudget > 0 ? memoryBudget : defaultMemoryBudget();
    this.proxies = options.proxies ?? 0;
    this.accessLog = options.accessLog ?? false;
    this.hasAccounts = options.accounts !== undefined;
  }

  /** Whether it is found out who calls: otherwise everybody is the same. */
  get knowsCallers(): boolean {
    return this.jwt !== undefined || this.authenticate !== undefined;
  }
}
