import type { Client, ClientOptions } from './api.js';
import { SyncError, toError } from '../core/errors.js';
import { createEmitter } from '../core/emitter.js';
import { emitEvent } from '../core/emit-event.js';
import type { AnyKinds, Kinds } from '../core/kinds.js';
import { createQueries } from '../query/queries.js';
import { NO_STORE } from '../storage/no-store.js';
import type { Change } from './changes.js';
import { createConditionWaiters } from './condition-waiters.js';
import { createLink } from './link.js';
import { loadDeferred } from './load-deferred.js';
import { createReplica } from './replica.js';
import { createStatusReporter } from './status-reporter.js';
import { createWriteClock } from './write-clock.js';
import { writes } from './writes.js';

/**
 * Makes an offline-first client, which opens its store and connects at once, and keeps trying by itself.
 * @throws SyncError `invalid` for a malformed URL.
 */
export function createClient<Map extends Kinds<Map> = AnyKinds>(options: ClientOptions = {}): Client<Map> {
  const { store = NO_STORE } = options;
  const events = createEmitter();
  const { emit } = events;
  const clock = createWriteClock(options.now);
  const { until, check } = createConditionWaiters(ended);
  const { deferred, stop } = loadDeferred((...failed) => link.missed(...failed));
  const replica = createReplica(store, follow, deferred);
  const { changed, get, list, watch, end: endQueries } = createQueries(replica, events.fenced, () => second);
  const link = createLink(options, { replica, clock, emit, publish: follow, until, overtaken: again, deferred });
  const { status, update, apart, share } = createStatusReporter(replica, emit, link, told);
  const second = Promise.race([deferred, until(() => false) as Promise<never>]);
  let ends: (() => void)[] = [];
  let begun = false;

  function ended(): Error | undefined {
    const now = status();
    return link.ended() ?? (now.state === 'stopped' ? new SyncError('offline', now.reason) : undefined);
  }

  /** Why what the server has does not come any more, or not to this tab. */
  const cutOff = (): Error | undefined => ended() ?? apart();

  function begin(): void {
    begun = true;
    const { tabs } = replica;
    if (tabs) ends = [share(tabs), tabs.lead(link.lead, again)];
    else link.lead();
  }

  function leave(): void {
    ends.splice(0).forEach((end) => end());
  }

  /** Begins from where the store stands. */
  function again(): void {
    leave();
    link.rest();
    begin();
    update();
  }

  async function end(reason: string, hide?: boolean): Promise<void> {
    leave();
    stop();
    link.stop(reason);
    told();
    endQueries();
    await replica.close(hide);
  }

  function told(): void {
    update();
    check();
  }

  const close = (): Promise<void> => end('the client was closed');

  function follow(change: Change): void {
    switch (change.type) {
      case 'shown':
        changed(change.shown);
        return told();
      case 'connection':
        return told();
      case 'observed':
        clock.follow(change.opId);
        return link.pump();
      case 'event':
        clock.saw(change.event);
        return emitEvent(emit, change.event, change.origin);
      case 'rejected': {
        const { operation, error } = change.write;
        return emit('sync:rejected', { operation: { ...operation }, error });
      }
      case 'failed':
        emit('sync:error', { error: change.error });
        if (change.usurped) void end(change.error.message, true);
        // without its store there is no other tab that could lead
        else if (begun && !replica.tabs) link.lead();
        return update();
      case 'recovered':
        if (begun) again();
    }
  }

  replica.open(link.whose);
  void replica.loaded.then(begin, (thrown: unknown) => end(toError(thrown).message));

  const client: Client = {
    ...writes(replica, clock, link.pump, second),
    get: get as Client['get'],
    list: list as Client['list'],
    watch: watch as Client['watch'],
    on: events.on,
    status,
    async ready() {
      await replica.loaded;
      return until(() => link.cursor() !== null, cutOff);
    },
    async flush() {
      await replica.opened;
      return until(() => replica.outbox.size === 0);
    },
    waitFor: (seq) => until(() => (link.cursor()?.seq ?? 0) >= seq, cutOff),
    close,
  };
  return client as unknown as Client<Map>;
}
