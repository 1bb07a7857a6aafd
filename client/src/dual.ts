import type { AtomeEvent } from '../../src/protocol/index.js';
import type { Client, ClientOptions, Written } from './offline/api.js';
import { createClient as createOne } from './offline/client.js';
import type { AnyKinds, Kinds } from './core/kinds.js';
import { memoryStore } from './storage/memory/memory-store.js';
import type { PendingWrite } from './storage/store.js';
import { jsonCopy } from './offline/json-copy.js';
import { createStamps } from './offline/stamps.js';
import { createWriteClock, type WriteClock } from './offline/write-clock.js';
import { dualAtome, type BackendStates, type BothAtome, type NewWrite } from './dual/dual-atome.js';
import { sharedOutboxStore, type SharedOutboxStore } from './dual/shared-outbox-store.js';

export type { BackendStates, BothAtome, BothResult } from './dual/dual-atome.js';

/** Two servers for the same atomes: the address of each, or all options of its client. */
export interface BackendsOptions {
  /** The one nearby, which is read from first. */
  readonly local: string | ClientOptions;
  /** The other one. */
  readonly cloud: string | ClientOptions;
}

/** Two servers as one. */
export interface Backends<Map = AnyKinds> {
  /** Writes to both, reads from the local one first. */
  readonly UnifiedAtome: BothAtome<Map>;
  /** The client of each, for `watch`, `rejected()` and the like. What is written through one goes to its server alone. */
  readonly local: Client<Map>;
  /** As `local`. */
  readonly cloud: Client<Map>;
  /** How it stands with each. */
  status(): BackendStates;
  /** Resolves once no write waits any more for either server. */
  flush(): Promise<void>;
  /** Ends both connections and closes both stores. */
  close(): Promise<void>;
}

/**
 * Makes a client of two servers. Each has its copy, its outbox and its connection, so that one that is away holds up
 * nothing and gets later what it missed. A write has the same name and the same stamp on both, by which both come to
 * the same state. Own writes alone go to both: what others write on one server stays there.
 * @throws SyncError `invalid` for a malformed URL.
 */
export function createBackends<Map extends Kinds<Map> = AnyKinds>(options: BackendsOptions): Backends<Map> {
  const clock = createWriteClock();
  const { stamp } = createStamps(clock);
  const [localStore, local] = open<Map>(options.local, clock);
  const [cloudStore, cloud] = open<Map>(options.cloud, clock);
  const status = (): BackendStates => ({ local: local.status(), cloud: cloud.status() });

  const opened = recoverPrepared(localStore, cloudStore, clock);
  /** One write after the other: a process that dies leaves at most the newest in one outbox alone. */
  let tail: Promise<unknown> = opened.catch(() => undefined);

  async function write(given: NewWrite): Promise<Written> {
    const { atomeId, ...fields } = jsonCopy(given);
    const kept = tail.then(async () => {
      await opened;
      clock.skewMs = local.status().clockSkewMs ?? cloud.status().clockSkewMs;
      const opId = clock.name();
      const id = atomeId ?? opId;
      const hlc = stamp(opId);
      const made: PendingWrite = { opId, atomeId: id, ...fields, hlc };
      await keepInBoth(made);
      return { success: true, pending: true, id, opId } as const;
    });
    tail = kept.catch(() => undefined);
    return kept;
  }

  /** Nothing is sent to the cloud before it is in both, whichever tab or process dies over it. */
  async function keepInBoth(made: PendingWrite): Promise<void> {
    await cloudStore.keep({ ...made, half: true });
    try {
      await localStore.keep(made);
    } catch (thrown) {
      await cloudStore.drop(made.opId);
      throw thrown;
    }
    localStore.tell(made);
    // if that fails, it is made whole at the next start
    await cloudStore.keep(made).catch(() => undefined);
    cloudStore.tell(made);
  }

  return {
    UnifiedAtome: dualAtome({ write, status, local, cloud }),
    local,
    cloud,
    status,
    async flush() {
      await tail;
      await Promise.all([local.flush(), cloud.flush()]);
    },
    async close() {
      await tail;
      await Promise.all([local.close(), cloud.close()]);
    },
  };
}

function open<Map extends Kinds<Map>>(
  given: string | ClientOptions,
  clock: WriteClock,
): readonly [SharedOutboxStore, Client<Map>] {
  const { store = memoryStore(), ...options }: ClientOptions = typeof given === 'string' ? { url: given } : given;
  const sharedStore = sharedOutboxStore(store);
  const client = createOne<Map>({ ...options, store: sharedStore });
  client.on('*', (event) => {
    if (event.type.startsWith('atome:')) clock.saw(event as AtomeEvent);
  });
  return [sharedStore, client];
}

/** Recovers prepared writes over which a tab or process died: the local outbox gets them, too. They may have been there: then nothing happens. */
async function recoverPrepared(
  localStore: SharedOutboxStore,
  cloudStore: SharedOutboxStore,
  clock: WriteClock,
): Promise<void> {
  const [local, cloud] = await Promise.all([localStore.found, cloudStore.found]);
  const known = [...local.outbox, ...local.rejected];
  for (const { opId } of [...known, ...cloud.outbox, ...cloud.rejected]) clock.follow(opId);
  for (const { half, ...write } of cloud.outbox) {
    if (!half) continue;
    if (!known.some(({ opId }) => opId === write.opId)) {
      await localStore.keep(write);
      localStore.tell(write);
    }
    await cloudStore.keep(write);
    cloudStore.tell(write);
  }
}

/**
 * The former name of {@link createBackends}.
 * @deprecated
 */
export const createClient = createBackends;
