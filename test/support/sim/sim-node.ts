import type { WebSocket } from 'ws';
import { AcknowledgedWrites } from '../../../src/application/acknowledged-writes.js';
import { WriteSafety } from '../../../src/application/write-safety.js';
import { AtomeQueries } from '../../../src/application/atome-queries.js';
import { AtomeWrites } from '../../../src/application/atome-writes.js';
import { Echoes } from '../../../src/application/echoes.js';
import { OtherNodes } from '../../../src/application/other-nodes.js';
import { PreparedWriter } from '../../../src/application/prepared-writer.js';
import { ConnectionLimiter } from '../../../src/auth/admission/connection-limiter.js';
import { MemoryBudget } from '../../../src/auth/admission/memory-budget.js';
import { ReadSlots } from '../../../src/auth/admission/read-slots.js';
import { Authenticator, type Identity } from '../../../src/auth/authentication/authenticator.js';
import { CredentialExtractor } from '../../../src/auth/authentication/credential-extractor.js';
import { AccessPolicy } from '../../../src/auth/authorization/access-policy.js';
import { NodeBus } from '../../../src/bus/node-bus.js';
import { DEFAULT_SOCKET_OPTIONS } from '../../../src/config/module-options.js';
import { Feed } from '../../../src/feed/feed.js';
import { DEFAULT_FEED_OPTIONS, type FeedOptions } from '../../../src/feed/options.js';
import { PageCache } from '../../../src/feed/page-cache.js';
import { byteBudgetWithin } from '../../../src/http/byte-budget.js';
import type { LedgerReader } from '../../../src/ledger/read/ledger-reader.js';
import { LedgerReaders } from '../../../src/ledger/read/ledger-readers.js';
import type { LedgerStore } from '../../../src/ledger/store.js';
import { LedgerWriter } from '../../../src/ledger/write/ledger-writer.js';
import { NO_QUOTAS } from '../../../src/ledger/write/quotas.js';
import { AtomeError, DEFAULT_LIMITS, HybridClock, type Principal } from '../../../src/protocol/index.js';
import { ConnectionRegistry } from '../../../src/realtime/connection-registry.js';
import { CostLimiter } from '../../../src/realtime/cost-limiter.js';
import type { SessionDependencies } from '../../../src/realtime/session-dependencies.js';
import { Session } from '../../../src/realtime/session.js';
import { SocketAccessLog } from '../../../src/realtime/socket-access-log.js';
import type { Actor } from './schedule.js';
import { SECRET, type SimBus } from './sim-bus.js';
import type { Listener } from './sim-network.js';
import type { SimSocket } from './sim-socket.js';

export const TENANT = 'sim';
/** Who there is: one who may read everything, and one who may not. */
export const PRINCIPALS: Readonly<Record<string, Principal>> = {
  alice: { id: 'alice', tenant: TENANT, roles: ['admin'] },
  bob: { id: 'bob', tenant: TENANT, roles: ['writer'] },
};

/** So little that what is in memory is not all there is, and that a slow reader is one soon. */
const FEED: FeedOptions = {
  ...DEFAULT_FEED_OPTIONS,
  ringEntries: 12,
  ringChars: 16_384,
  pageBytes: 16_384,
  unsentBytes: 2_048,
  frameChars: 1_024,
  idleFrameMs: 2_000,
};
const SOCKET = { ...DEFAULT_SOCKET_OPTIONS, heartbeatMs: 2_000 };
/** How long a node that goes down waits for its clients, in milliseconds. */
const LEAVE_MS = 4_000;

/** What nodes are made with. */
export interface NodeParts {
  readonly store: LedgerStore;
  readonly bus: SimBus;
  /** Is told of what must not happen. */
  readonly blame: (what: string) => void;
  /** Nothing but for the proof that it is found: what comes over the bus, in another order. */
  readonly feedOf: (feed: Feed) => Pick<Feed, 'hint' | 'lookEvery'>;
}

const quiet = { warn: (): void => undefined };

/** A token is a name here. */
class Names extends Authenticator {
  readonly required = true;

  authenticate(token: string): Identity {
    const principal = PRINCIPALS[token];
    if (!principal) throw new AtomeError('unauthenticated', 'nobody has that name');
    return { principal, expiresAt: null };
  }
}

/** One server: all between its sockets and the database, put together as the modules do it. */
export class SimNode implements Listener {
  readonly feed: Feed;
  private readonly writer: LedgerWriter;
  private readonly registry: ConnectionRegistry;
  private readonly limiter: ConnectionLimiter;
  private readonly otherNodes: OtherNodes;
  private readonly deps: SessionDependencies;
  private clients = 0;

  constructor(
    readonly actor: Actor,
    { store, bus, blame, feedOf }: NodeParts,
  ) {
    const onError = (error: unknown): void => {
      if (!(error instanceof AtomeError && error.retryable)) blame(`${actor.name}: ${String(error)}`);
    };
    const rules = new AccessPolicy({}, onError);
    const ledgers = new LedgerReaders(store);
    const slots = new ReadSlots();
    const memory = new MemoryBudget(2 ** 28);
    const environment = {
      clock: new HybridClock(actor.name),
      limits: DEFAULT_LIMITS,
      quotas: NO_QUOTAS,
      rules,
      now: Date.now,
      memory,
    };
    this.writer = new LedgerWriter(store, (tenant, ...at) => ledgers.of(tenant).stateAt(...at), environment, onError);
    const pages = new PageCache(FEED.pageBytes);
    const parts = { ledgers, options: FEED, rules, pages, rings: { bytes: 0 }, memory, slots: slots.light };
    this.feed = new Feed(parts, this.writer, onError);
    const node = new NodeBus({ secret: () => Promise.resolve(SECRET), hasRoom: () => true }, bus.transportOf(actor));
    const { writer, feed } = this;
    const told = { bus: node, writer, feed: feedOf(feed), pollMs: FEED.pollMs, say: (): void => undefined };
    this.otherNodes = new OtherNodes(told);
    this.registry = new ConnectionRegistry(SOCKET.heartbeatMs, memory, quiet, node.state);
    const authenticator = new Names();
    this.limiter = new ConnectionLimiter(authenticator);
    const readerOf = ({ tenant }: Principal): LedgerReader => ledgers.of(tenant);
    const queries = new AtomeQueries(readerOf, rules);
    const prepared = new PreparedWriter(writer, undefined, undefined, () => undefined);
    const writes = new AtomeWrites(prepared, readerOf, queries, undefined as never);
    this.deps = {
      authenticator,
      accessPolicy: rules,
      credentialExtractor: new CredentialExtractor(authenticator, undefined as never),
      connectionLimiter: this.limiter,
      feed,
      writes: new AcknowledgedWrites(writes, new Echoes(readerOf, queries, Date.now), new WriteSafety(), onError),
      connectionRegistry: this.registry,
      limits: DEFAULT_LIMITS,
      now: Date.now,
      socket: SOCKET,
      unsentBytes: FEED.unsentBytes,
      costs: new CostLimiter(SOCKET, quiet),
      halfMessages: byteBudgetWithin(memory, 'messages that arrive'),
      accessLog: new SocketAccessLog(false),
      onError,
    };
  }

  async start(): Promise<void> {
    this.feed.start();
    this.otherNodes.start();
    await this.writer.start();
    this.registry.start();
    this.limiter.start();
  }

  accept(socket: SimSocket): void {
    this.clients += 1;
    const handshake = { headers: {}, url: '/ws', raw: undefined as never, address: socket.clientName };
    new Session(socket as unknown as WebSocket, `${this.actor.name}-${this.clients}`, handshake, this.deps);
  }

  /** Goes down as on SIGTERM. */
  async leave(): Promise<void> {
    await this.registry.leave(LEAVE_MS);
    await this.writer.drain();
    this.registry.stop();
    await this.registry.close();
    this.limiter.stop();
    await this.otherNodes.stop();
    this.feed.stop();
  }
}
