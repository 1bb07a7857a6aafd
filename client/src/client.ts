import type { Client, ClientOptions } from './api.js';
import { onWake } from './connection/wake.js';
import { SyncError } from './errors.js';
import { Emitter } from './events/emitter.js';
import { tell } from './events/tell.js';
import type { AnyKinds, Kinds } from './kinds.js';
import { settingsOf } from './options.js';
import { Queries, type Run } from './query/queries.js';
import type { Query } from './query/query.js';
import { memoryStore } from './store/memory.js';
import { Engine } from './sync/engine.js';
import { Replica } from './sync/replica.js';
import { StatusBoard } from './sync/status-board.js';
import { Waiters } from './sync/waiters.js';
import { WriteClock } from './sync/write-clock.js';
import { writes } from './sync/writes.js';

/**
 * Makes an offline-first client, which opens its store and connects at once, and keeps trying by itself.
 * @throws SyncError `invalid` for a malformed URL.
 */
export function createClient<Map extends Kinds<Map> = AnyKinds>(options: ClientOptions = {}): Client<Map> {
  const { store = memoryStore(), subscription = {}, reconnect } = options;
  const settings = settingsOf({ ...options, reconnect: { attempts: Infinity, ...reconnect } });
  const events = new Emitter();
  const clock = new WriteClock(options.now);
  const waiters = new Waiters();
  const ends: (() => void)[] = [];
  let leading = false;
  let closed = false;

  const replica: Replica = new Replica(store, {
    changed(shown) {
      queries.changed(shown);
      moved();
    },
    met(opId) {
      clock.follow(opId);
      engine.pump();
    },
    heard(event, origin) {
      clock.saw(event);
      tell(events, event, origin);
    },
    refused: ({ operation, error }) => events.emit('sync:rejected', { operation: { ...operation }, error }),
    failed(error) {
      events.emit('sync:error', { error });
      // a store of one's own has no other tab that could lead
      if (!replica.tabs) lead();
    },
  });
  const queries = new Queries(replica);
  const engine = new Engine(settings, { replica, clock, events, subscription, moved: () => moved() });
  const board = new StatusBoard(replica, events, () =>
    closed ? { state: 'stopped', reason: 'the client was closed' } : leading ? engine.state : null,
  );

  function moved(): void {
    board.update();
    waiters.check();
  }

  function lead(): void {
    if (leading || closed) return;
    leading = true;
    clock.goOn(replica.place);
    ends.push(onWake(() => engine.connection.wake()));
    void engine.connection.connect();
  }

  function begin(): void {
    const { tabs } = replica;
    if (closed || !tabs) return lead();
    ends.push(board.share(tabs), tabs.lead(lead));
  }

  void replica.loaded.then(begin, () => void client.close());

  const client: Client = {
    ...writes(replica, clock, () => engine.pump()),
    get: (id) => queries.get(id) as never,
    list: (query) => queries.list(query) as never,
    watch: ((query: Query, run?: Run) => (run ? queries.follow(query, run) : queries.watch(query))) as Client['watch'],
    on: (event, listener) => events.on(event, listener),
    status: () => board.status,
    async ready() {
      await replica.loaded;
      return waiters.until(() => engine.cursor !== null);
    },
    async flush() {
      await replica.opened;
      return waiters.until(() => replica.outbox.size === 0);
    },
    waitFor: (seq) => waiters.until(() => (engine.cursor?.seq ?? 0) >= seq),
    async close() {
      closed = true;
      ends.splice(0).forEach((end) => end());
      engine.stop();
      board.update();
      waiters.end(new SyncError('offline', 'the client was closed'));
      await replica.close();
    },
  };
  return client as unknown as Client<Map>;
}
