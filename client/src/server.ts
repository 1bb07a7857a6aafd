import type { Ack, Alteration, Atome, Nack } from '../../src/protocol/index.js';
import { uuidv7 } from '../../src/protocol/ids.js';
import { SyncError } from './core/errors.js';
import { settingsOf, type UnifiedOptions } from './core/options.js';
import type { GetOptions, History, HistoryQuery, Restored, WriteOptions } from './online/answers.js';
import { createPresence, type Presence } from './online/presence.js';
import type { Failure, Result } from './online/result.js';
import { OnlineSession } from './online/session.js';
import { syncWebSocket } from './online/sync-websocket.js';
import { atomesOf, httpOf } from './online/unified.js';
import type { PendingWrite } from './storage/store.js';

export type { Other, Presence } from './online/presence.js';

/** A write of a {@link ServerSide.batch}, as an outbox has it. */
export type BatchedWrite = Omit<PendingWrite, 'opId' | 'hlc' | 'half'> & {
  /** Its name. Default: a new one. */
  readonly opId?: string;
};

/** What a {@link ServerSide.batch} rejects with. */
export interface BatchError extends SyncError {
  /** The names of its writes, in order: under them the same may be written again, and is written once. */
  readonly opIds: readonly string[];
}

/** What an erasure has left. */
export interface Erased {
  /** Of the atome. */
  readonly id: string;
  /** When, ISO 8601. */
  readonly erasedAt: string;
  /** The version that it has now. */
  readonly version: number;
  /** Place of the erasure in the ledger. */
  readonly seq: number;
}

/**
 * What only the server has, beside an offline-first client: each call asks it, and rejects with a SyncError where it
 * cannot be asked, or says no. What is written here comes to the client as what others write does.
 */
export interface ServerSide {
  /** What was done to an atome, page by page. */
  history(id: string, query?: HistoryQuery): Promise<History>;
  /** What was done to an atome, all of it. */
  alterations(id: string): AsyncGenerator<Alteration, undefined>;
  /** An atome as it is, or as it was at a version, a seq or a time; null where there is none. */
  get(id: string, options?: GetOptions): Promise<Atome | null>;
  /** Writes the state of an earlier version as a new version; a deleted atome comes back. */
  restore(id: string, version: number, options?: WriteOptions): Promise<Restored>;
  /** Takes the content of an atome out of the ledger, for good. */
  erase(id: string, options?: Pick<WriteOptions, 'reason'>): Promise<Erased>;
  /**
   * Writes all of them, in one transaction, or none; where no answer comes it asks again under the same names, so that
   * none is written twice. @throws BatchError with the code of the one that was refused, and all answers as `cause`.
   */
  batch(writes: readonly BatchedWrite[]): Promise<readonly Ack[]>;
  /** Who else is there, and where. It has a connection of its own, from when it is first used. */
  readonly presence: Presence;
  /** Ends that connection. */
  close(): void;
}

/**
 * Makes the calls that only a server answers, beside the client that was made with the same `url` and `token`.
 * @throws SyncError `invalid` for a malformed URL.
 */
export function serverSide(options: UnifiedOptions = {}): ServerSide {
  // of what is written it hears nothing: the client does
  const session = new OnlineSession(settingsOf(options), { ids: [] });
  const socket = syncWebSocket(session);
  const atomes = atomesOf(session, options);
  const http = httpOf(session, options);
  const presence = createPresence(socket, session.events.fenced);

  const history: ServerSide['history'] = async (id, query) => taken(await atomes.history(id, query));

  return {
    history,
    async *alterations(id) {
      let cursor: string | undefined;
      do {
        const page: History = await history(id, { limit: 500, cursor });
        yield* page.alterations;
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return undefined;
    },
    async get(id, asked) {
      const found = await atomes.get(id, asked);
      return found.code === 'not_found' || found.code === 'gone' ? null : taken(found).atome;
    },
    restore: async (id, version, given) => taken(await atomes.restore(id, version, given)),
    erase: async (id, given) =>
      taken(
        await http.call<Erased>({ method: 'POST', path: `/atome/${encodeURIComponent(id)}/erase`, body: { ...given } }),
      ),
    async batch(writes) {
      const operations = writes.map((each) => ({ ...each, opId: each.opId ?? uuidv7() }));
      const opIds = operations.map(({ opId }) => opId);
      const failed = (error: SyncError): BatchError => Object.assign(error, { opIds });
      const answer = await http.call<{ readonly results: readonly (Ack | Nack)[] }>({
        method: 'POST',
        path: '/sync/push',
        body: { atomic: true, operations },
        // so that it is repeated as one write is: the names that count are in the body
        opId: opIds[0],
      });
      if (!answer.success) throw failed(errorOf(answer));
      const { results } = answer;
      const refused = results.filter((each) => each.type === 'nack').map(({ error }) => error);
      const [first] = [...refused.filter(({ details }) => details?.refused === undefined), ...refused];
      if (first) throw failed(new SyncError(first.code, first.message, { cause: results }));
      return results as readonly Ack[];
    },
    presence,
    close() {
      presence.close();
      socket.disconnect();
    },
  };
}

/** @throws SyncError where there is no answer, or it says no. */
function taken<T>(result: Result<T>): T {
  if (result.success) return result;
  throw errorOf(result);
}

const errorOf = (result: Failure): SyncError => new SyncError(result.code, result.error, { cause: result });
