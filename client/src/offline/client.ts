import type { Client, ClientOptions } from './api.js';
import { onWake } from '../connection/wake.js';
import { SyncError } from '../core/errors.js';
import { createEmitter } from '../core/emitter.js';
import { emitEvent } from '../core/emit-event.js';
import type { AnyKinds, Kinds } from '../core/kinds.js';
import { settingsOf } from '../core/options.js';
import { createQueries } from '../query/queries.js';
import { memoryStore } from '../storage/memory/memory-store.js';
import { createEngine } from './engine.js';
import { createReplica, type Replica } from './replica.js';
import { createStatusReporter } from './status-reporter.js';
import { createConditionWaiters } from './condition-waiters.js';
import { createWriteClock } from './write-clock.js';
import { writes } from './writes.js';

const CLOSED = 'the client was closed';
const USURPED = 'the token is of another user: make a new client for each';

/**
 * Makes an offline-first client, which opens its store and connects at once, and keeps trying by itself.
 * @throws SyncError `invalid` for a malformed URL.
 */
export function createClient<Map extends Kinds<Map> = AnyKinds>(options: ClientOptions = {}): Client<Map> {
  const { store = memoryStore(), subscription = {}, reconnect, principal } = options;
  const settings = settingsOf({ ...options, reconnect: { attempts: Infinity, ...reconnect } });
  const events = createEmitter();
  const clock = createWriteClock(options.now);
  const waiters = createConditionWaiters();
  const ends: (() => void)[] = [];
  let leading = false;
  let closed = '';

  const replica: Replica = createReplica(store, {
    owner: (sure) => engine.whose(sure),
    changed(shown) {
      queries.changed(shown);
      stateChanged();
    },
    met(opId) {
      clock.follow(opId);
      engine.pump();
    },
    received(event, origin) {
      clock.saw(event);
      emitEvent(events, event, origin);
    },
    refused: ({ operation, error }) => events.emit('sync:rejected', { operation: { ...operation }, error }),
    failed(error) {
      events.emit('sync:error', { error });
      // a store of one's own has no other tab that could lead
      if (!replica.tabs) lead();
    },
  });
  const queries = createQueries(replica, events.fenced);
  const engine = createEngine(settings, {
    ...{ replica, clock, events, subscription, principal, changed: stateChanged },
    until: waiters.until,
    usurped() {
      events.emit('sync:error', { error: new SyncError('forbidden', USURPED) });
      void end(USURPED, true);
    },
  });
  const statusReporter = createStatusReporter(replica, events, () =>
    closed ? { state: 'stopped', reason: closed } : engine.state(),
  );

  function stateChanged(): void {
    statusReporter.update();
    waiters.check();
  }

  function lead(): void {
    if (leading || closed) return;
    leading = true;
    clock.goOn(replica.place);
    ends.push(onWake(engine.connection.wake));
    engine.connection.connect();
  }

  function begin(): void {
    const { tabs } = replica;
    if (closed || !tabs) return lead();
    ends.push(statusReporter.share(tabs), tabs.lead(lead));
  }

  const close = (): Promise<void> => end(CLOSED);

  async function end(reason: string, hide = false): Promise<void> {
    closed ||= reason;
    ends.splice(0).forEach((end) => end());
    engine.stop();
    statusReporter.update();
    waiters.end(new SyncError('offline', closed));
    await replica.close(hide);
  }

  void replica.loaded.then(begin, close);

  const client: Client = {
    ...writes(replica, clock, engine.pump),
    get: queries.get as Client['get'],
    list: queries.list as Client['list'],
    watch: queries.watch as Client['watch'],
    on: events.on,
    status: statusReporter.status,
    async ready() {
      await replica.loaded;
      return waiters.until(() => engine.cursor() !== null);
    },
    async flush() {
      await replica.opened;
      return waiters.until(() => replica.outbox.size === 0);
    },
    waitFor: (seq) => waiters.until(() => (engine.cursor()?.seq ?? 0) >= seq),
    close,
  };
  return client as unknown as Client<Map>;
}
