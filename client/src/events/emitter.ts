import { toError } from '../errors.js';
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
}

export function createEmitter(): Emitter {
  const entries = new Set<Entry>();

  function call(name: Name, event: SyncEventName, payload: unknown): void {
    for (const entry of [...entries]) {
      if (entry.name !== name || !entries.has(entry)) continue;
      try {
        const result = entry.call(payload);
        if (result instanceof Promise) result.catch((thrown: unknown) => report(thrown, event));
      } catch (thrown) {
        report(thrown, event);
      }
    }
  }

  /** A listener's own mistake: told to who listens for errors, else to the platform; never swallowed. */
  function report(thrown: unknown, event: SyncEventName): void {
    const heard = [...entries].some(({ name }) => name === 'sync:error' || name === '*');
    if (heard && event !== 'sync:error') emit('sync:error', { error: toError(thrown) });
    else reporter()(thrown);
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
  };
}

/** Takes away one registration of a listener, by the function itself. */
export function takeAway<N extends Name>({ entries }: Emitter, name: N, listener: Listener<N>): void {
  const found = [...entries].find((entry) => entry.name === name && entry.call === listener);
  if (found) entries.delete(found);
}

/** Node has no `reportError`. */
function reporter(): (thrown: unknown) => void {
  return (globalThis as Partial<typeof globalThis>).reportError ?? console.error;
}
