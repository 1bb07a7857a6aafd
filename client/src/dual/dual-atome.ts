import type { Client, Written } from '../offline/api.js';
import { SyncError, toError } from '../core/errors.js';
import type { AtomeOf, KindOf, NewAtome } from '../core/kinds.js';
import type { Query } from '../query/query.js';
import { failed, failure, type Result } from '../online/result.js';
import type { PendingWrite } from '../storage/store.js';
import type { Status } from '../offline/status.js';
import type { AlterInput } from '../online/answers.js';

/** How it stands with each of two servers. */
export interface BackendStates {
  /** Of the one nearby. */
  readonly local: Status;
  /** Of the other one. */
  readonly cloud: Status;
}

/** An answer, and how it stands with each server. It may be right while neither can be reached. */
export type BothResult<T> = Result<T> & {
  /** How it stood with each server. */
  readonly backends: BackendStates;
};

/** A write that is kept for both servers. */
type Kept = Omit<Written, 'success'>;

/** Why a write was made, for the history. */
interface Because {
  readonly reason?: string | undefined;
}

/** One change; without an operation it is an `update`. A version is one of one server, so that none can be asked for. */
type Alteration = AlterInput extends infer Input ? (Input extends unknown ? Omit<Input, 'baseVersion'> : never) : never;

/**
 * The shared objects on two servers. A write is kept for both at once; a read is answered by the copy of the local one
 * while that is live, else by that of the cloud while that is live, else by one that is complete. No call throws.
 */
export interface BothAtome<Map> {
  /** Makes an atome on both. */
  create<Kind extends KindOf<Map>>(atome: NewAtome<Map, Kind>, options?: Because): Promise<BothResult<Kept>>;
  /** One atome, by its id. */
  get<Kind extends KindOf<Map> = KindOf<Map>>(id: string): Promise<BothResult<{ readonly atome: AtomeOf<Map, Kind> }>>;
  /** The atomes of the copy that is asked. */
  list<Kind extends KindOf<Map> = KindOf<Map>>(
    query?: Query<Map, Kind>,
  ): Promise<BothResult<{ readonly data: readonly AtomeOf<Map, Kind>[] }>>;
  /** Changes an atome by one of the operations of the protocol. */
  alter(id: string, input: Alteration): Promise<BothResult<Kept>>;
  /** Sets the named top-level keys of `data` and leaves the others. */
  update<Kind extends KindOf<Map> = KindOf<Map>>(
    id: string,
    data: Partial<Map[Kind]>,
    options?: Because,
  ): Promise<BothResult<Kept>>;
  /** Sets `data.name`. */
  rename(id: string, name: string, options?: Because): Promise<BothResult<Kept>>;
  /** Deletes softly. */
  delete(id: string, options?: Because): Promise<BothResult<Kept>>;
}

/** A write before it has a name; without `atomeId` the atome gets that name, too. */
export type NewWrite = Omit<PendingWrite, 'opId' | 'hlc' | 'atomeId'> & { readonly atomeId?: string | undefined };

/** What {@link dualAtome} works with. */
export interface DualPort<Map> {
  readonly local: Client<Map>;
  readonly cloud: Client<Map>;
  status(): BackendStates;
  write(write: NewWrite): Promise<Written>;
}

/** The shared objects on both of two servers. */
export function dualAtome<Map>(port: DualPort<Map>): BothAtome<Map> {
  const { local, cloud } = port;
  const complete = new Set<Client<Map>>();
  for (const client of [local, cloud]) {
    client.ready().then(
      () => complete.add(client),
      () => undefined,
    );
  }

  /** The clients in the order in which they are asked. */
  function readers(): readonly [Client<Map>, Client<Map>] {
    const { local: near, cloud: far } = port.status();
    const rank = (client: Client<Map>, { state }: Status): number =>
      Number(complete.has(client)) * (state === 'live' ? 2 : 1);
    return rank(cloud, far) > rank(local, near) ? [cloud, local] : [local, cloud];
  }

  async function answer<T extends object>(work: () => Promise<T>): Promise<BothResult<T>> {
    const result = await work().then(
      (found): Result<T> => ({ ...found, success: true }),
      (thrown: unknown) =>
        failed<T>(failure(thrown instanceof SyncError ? thrown.code : 'internal', toError(thrown).message)),
    );
    return { ...result, backends: port.status() };
  }

  const change = (operation: string, atomeId: string, changes: unknown, because: Because = {}) =>
    answer<Kept>(() => port.write({ operation, atomeId, changes, reason: because.reason } as NewWrite));

  return {
    create: ({ id, type, ...parts }, { reason } = {}) =>
      answer(() => port.write({ operation: 'create', atomeId: id, atomeType: type, ...parts, reason } as NewWrite)),
    get: (id) =>
      answer(async () => {
        const [first, second] = readers();
        const atome = (await first.get(id)) ?? (await second.get(id));
        if (!atome) throw new SyncError('not_found', `there is no atome "${id}" in either copy`);
        return { atome: atome as never };
      }),
    list: (query) => answer(async () => ({ data: await readers()[0].list(query) })),
    alter(id, { operation = 'update', changes, ...because }) {
      if (operation !== 'replace') return change(operation, id, changes, because);
      const { type, ...parts } = changes as { readonly type?: string | null };
      return answer(() => port.write({ operation, atomeId: id, atomeType: type, ...parts, ...because }));
    },
    update: (id, data, because) => change('update', id, data, because),
    rename: (id, name, because) => change('rename', id, { name }, because),
    delete: (id, because) => change('delete', id, undefined, because),
  };
}
