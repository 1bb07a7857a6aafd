import { toError } from './errors.js';
import type { Listener, SyncEventName, SyncEvents } from './event-map.js';

type Name = SyncEventName | '*';

interface Entry {
  readonly name: Name;
  readonly call: (payload: unknown) => unknown;
}

/** Hands events to their listeners, in the order in which these came. */
export interface Emitter {
  readonly entries: Set<Entry>;
  /** @returns what takes this listener away again. */
  readonly on: <N extends Name>(name: N, listener: Listener<N>) => () => void;
  readonly emit: <N extends SyncEventName>(name: N, payload: SyncEvents[N]) => void;
  readonly fenced: Fenced;
}

/**
 * Calls code of the application. What it throws, now or later, is told to the platform and as `sync:error`, and
 * changes nothing for the caller.
 */
export type Fenced = (run: () => unknown) => void;

export function createEmitter(): Emitter {
  const entries = new Set<Entry>();

  function call(name: Name, event: SyncEventName, payload: unknown): void {
    for (const entry of [...entries]) {
      if (entry.name === name && entries.has(entry)) void attempt(() => entry.call(payload), event);
    }
  }

  async function attempt(run: () => unknown, event?: SyncEventName): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      const { reportError } = globalThis as Partial<typeof globalThis>;
      reportError?.(thrown);
      const isListenedTo = [...entries].some(({ name }) => name === 'sync:error' || name === '*');
      if (isListenedTo && event !== 'sync:error') emit('sync:error', { error: toError(thrown) });
      // where the platform takes no errors, as in Node
      else if (!reportError) console.error(thrown);
    }
  }

  function emit<N extends SyncEventName>(name: N, payload: SyncEvents[N]): void {
    call(name, name, payload);
    call('*', name, { type: name, ...payload });
  }

  return {
    entries,
    on(name, listener) {
      const entry: Entry = { name, call: listener as Entry['call'] };
      entries.add(entry);
      return () => void entries.delete(entry);
    },
    emit,
    fenced: (run) => void attempt(run),
  };
}

/** Takes away one registration of a listener, by the function itself. */
export function removeListener<N extends Name>({ entries }: Emitter, name: N, listener: Listener<N>): void {
  const found = [...entries].find((entry) => entry.name === name && entry.call === listener);
  if (found) entries.delete(found);
}
