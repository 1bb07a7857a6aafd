import { socketUrl } from '../core/endpoints.js';
import { SyncError } from '../core/errors.js';
import { inTime } from '../core/timer.js';
import type { StoredCursor } from '../storage/store.js';
import type { ClientOptions } from './api.js';
import { createCredentials } from './credentials.js';
import type { Engine, EngineParts } from './engine.js';
import type { Loading } from './load-deferred.js';
import { ANONYMOUS, ownerOf, whoseIs, type Who } from './owner.js';
import type { Whose } from './open-owned.js';
import type { SyncState } from './status.js';

/** What a link works with. */
export interface LinkParts extends Omit<EngineParts, 'credentials' | 'socket' | 'stored' | 'wanted' | 'isSaid'> {
  readonly deferred: Loading['deferred'];
  /** Resolves when something has become true, and rejects when the client is closed. */
  readonly until: (isSo: () => boolean) => Promise<void>;
}

/** The client's side of its {@link Engine}, for which it stands in until that is loaded. */
export interface Link extends Pick<Engine, 'lead' | 'cursor' | 'state' | 'pump' | 'rest' | 'ended' | 'apart'> {
  /** Who we are: by the token, or as the application has said, until the server says it. */
  readonly whose: Whose;
  /** Ends it. Called again, the first reason stays. */
  readonly stop: (why: string) => void;
  /** The engine could not be loaded. */
  readonly missed: (error: Error, nextAttemptAt: number) => void;
}

/**
 * Makes the link of one client.
 * @throws SyncError `invalid` for a malformed URL.
 */
export function createLink(options: ClientOptions, parts: LinkParts): Link {
  const { replica, publish, until, emit } = parts;
  const { principal, answerMs = 10_000 } = options;
  const socket = socketUrl(options.url);
  const wanted = JSON.stringify(options.subscription ?? {});
  const credentials = createCredentials(options.token);
  let engine: Engine | undefined;
  /** What is asked of the engine: to stay connected, or to connect once. */
  let [leads, asks] = [false, false];
  let absent: SyncState = { state: 'connecting' };
  let [stopped, isSure] = ['', false];
  let owner: string | undefined;

  void parts.deferred.then(({ createEngine }) => {
    if (stopped) return;
    engine = createEngine(options, { ...parts, credentials, socket, wanted, stored, isSaid });
    if (leads) engine.lead();
    else if (asks) engine.ask();
    publish({ type: 'connection' });
  });

  function stored(): StoredCursor | null {
    const { cursor, subscription } = replica.checkpoint;
    return subscription === wanted ? cursor : null;
  }

  function isSaid(said: Who = principal ?? ANONYMOUS): boolean {
    const name = ownerOf(socket, said);
    isSure = (owner ??= name) === name;
    return isSure;
  }

  async function whose(sure: boolean): Promise<string> {
    let who = principal;
    if (!who && !owner) {
      // one that cannot be had just now is asked for again by the connection
      const said = credentials.token(false).then(whoseIs, () => undefined);
      who = await Promise.race([inTime(said, answerMs), until(() => false) as Promise<never>]);
    }
    owner ??= who && ownerOf(socket, who);
    if (!isSure && (!owner || sure)) {
      asks = true;
      engine?.ask();
      await until(() => isSure);
    }
    return owner!;
  }

  return {
    whose,
    lead() {
      if (stopped) return;
      leads = true;
      engine?.lead();
    },
    cursor: () => (engine ? engine.cursor() : stored()),
    state() {
      if (stopped) return { state: 'stopped', reason: stopped };
      if (engine) return engine.state();
      return leads || asks ? absent : null;
    },
    apart: () => engine?.apart(),
    pump: () => engine?.pump(),
    rest() {
      leads = false;
      engine?.rest();
    },
    ended: () => (stopped ? new SyncError('offline', stopped) : engine?.ended()),
    stop(why) {
      stopped ||= why;
      engine?.stop();
    },
    missed({ message }, nextAttemptAt) {
      const reason = `a file did not load; reload the page: ${message}`;
      absent = { state: 'offline', nextAttemptAt, reason };
      emit('sync:error', { error: new SyncError('offline', reason) });
      publish({ type: 'connection' });
    },
  };
}
