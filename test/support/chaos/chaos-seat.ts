import { WebSocket } from 'ws';
import { createClient, type Atome, type Client, type Query } from '../../../client/src/index.js';
import type { WebSocketConstructor } from '../../../client/src/connection/package-web-socket.js';
import type { Store } from '../../../client/src/storage/store.js';
import { inSeconds, tokenOf } from '../server/tokens.js';
import type { ChaosNetwork } from '../../../src/cli/chaos-network.js';
import { ChaosStore } from './chaos-store.js';

/** Who there is; all of one tenant. */
export const USERS = ['alice', 'bob'] as const;
export type User = (typeof USERS)[number];

/** What is watched, by callbacks that go wrong. */
const QUERIES: readonly Query[] = [
  { kind: 'note', sort: '-updatedAt', limit: 5 },
  { where: { k1: { gt: 10 } }, sort: 'data.k1' },
  { kind: 'account' },
];

/** What a live query has shown last. */
interface Watched {
  readonly query: Query;
  shown: readonly Atome[];
}

/** What a seat has. */
interface SeatParts {
  readonly name: string;
  readonly network: ChaosNetwork;
  /** Where the server is for these programs, as far as they know: the same for the tabs of a browser. */
  readonly url: string;
  /** What its programs find their data in. */
  readonly home: () => Store;
  readonly random: () => number;
  readonly trace: (line: string) => void;
}

/** A place where one client runs after the other, be they of the same user or not. */
export class ChaosSeat {
  user: User = USERS[0];
  client!: Client;
  private store!: ChaosStore;
  private watched: Watched[] = [];
  /** Callbacks of applications go wrong. */
  isWild = true;

  constructor(private readonly parts: SeatParts) {}

  get name(): string {
    return `${this.parts.name}/${this.user}`;
  }

  /** The same for the tabs of one browser. */
  get home(): object {
    return this.parts.home;
  }

  get network(): ChaosNetwork {
    return this.parts.network;
  }

  open(user: User = this.user): void {
    const { network, url, home, random, trace } = this.parts;
    this.user = user;
    this.store = new ChaosStore(home());
    this.client = createClient({
      url,
      WebSocket: through(network),
      token: () => tokenOf('writer', { sub: user, exp: inSeconds(4 + random() * 12) }),
      store: this.store.store,
      reconnect: { firstMs: 5, maxMs: 60 },
      heartbeatMs: 300,
      answerMs: 1_500,
      random,
    });
    const { name, client } = this;
    client.on('sync:error', ({ error }) => trace(`${name} error ${error.message}`));
    client.on('sync:rejected', ({ operation, error }) => trace(`${name} refused ${operation.opId} ${error.code}`));
    client.on('sync:live', ({ seq }) => trace(`${name} live at ${seq}`));
    client.on('sync:reset', ({ reason }) => trace(`${name} reset ${reason}`));
    this.watched = QUERIES.map((query) => this.watch(query));
    client.on('*', () => this.act());
  }

  /** The user closes it. */
  async close(): Promise<void> {
    this.store.wake();
    this.network.go();
    await this.client.close();
  }

  /** It ends in the middle of whatever it does. */
  async kill(): Promise<void> {
    this.store.kill();
    this.network.cut();
    this.network.go();
    await this.client.close().catch(() => undefined);
  }

  /** It does nothing at all for a while, and nobody is told. */
  sleep(): void {
    this.store.sleep();
    this.network.stall();
  }

  wake(): void {
    this.store.wake();
    this.network.go();
  }

  set storeFails(fails: boolean) {
    this.store.fails = fails;
  }

  /** @returns the queries that show another result than a list does. */
  async wrongQueries(): Promise<string[]> {
    const wrong: string[] = [];
    for (const { query, shown } of this.watched) {
      const listed = await this.client.list(query);
      const [one, other] = [shown, listed].map((atomes) => JSON.stringify(atomes.map(({ id, data }) => [id, data])));
      if (one !== other) wrong.push(`${this.name} shows another ${JSON.stringify(query)}: ${one} and not ${other}`);
    }
    return wrong;
  }

  private watch(query: Query): Watched {
    const watched: Watched = { query, shown: [] };
    this.client.watch(query, (atomes) => {
      watched.shown = atomes;
      return this.act();
    });
    return watched;
  }

  /** What callbacks of applications do wrong. */
  private act(): unknown {
    if (!this.isWild || this.parts.random() > 0.05) return undefined;
    if (this.parts.random() < 0.5) throw new Error('of the application');
    return Promise.reject(new Error('of the application'));
  }
}

/** WebSockets that go through a network, whatever is taken for the address of the server. */
function through({ url }: ChaosNetwork): WebSocketConstructor {
  const { host } = new URL(url);
  return class extends WebSocket {
    constructor(address: string) {
      super(address.replace(/127\.0\.0\.1:\d+/, host));
    }
  };
}
