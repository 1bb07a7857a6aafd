import { toError } from '../errors.js';
import type { Listener, SyncEventName, SyncEvents } from './event-map.js';

type Name = SyncEventName | '*';

interface Entry {
  readonly call: (payload: unknown) => unknown;
}

/** Hands events to their listeners, in the order in which these came. */
export class Emitter {
  private readonly entries = new Map<Name, Set<Entry>>();

  /** @returns what takes this listener away again. */
  on<N extends Name>(name: N, listener: Listener<N>): () => void {
    const entry: Entry = { call: listener as Entry['call'] };
    const entries = this.entriesOf(name).add(entry);
    return () => void entries.delete(entry);
  }

  off<N extends Name>(name: N, listener: Listener<N>): void {
    const entries = this.entriesOf(name);
    const entry = [...entries].find(({ call }) => call === listener);
    if (entry) entries.delete(entry);
  }

  emit<N extends SyncEventName>(name: N, payload: SyncEvents[N]): void {
    this.call(name, name, payload);
    this.call('*', name, { type: name, ...payload });
  }

  private call(listeners: Name, event: SyncEventName, payload: unknown): void {
    const entries = this.entriesOf(listeners);
    for (const entry of [...entries]) {
      if (!entries.has(entry)) continue;
      try {
        const result = entry.call(payload);
        if (result instanceof Promise) result.catch((thrown: unknown) => this.report(thrown, event));
      } catch (thrown) {
        this.report(thrown, event);
      }
    }
  }

  /** A listener's own mistake: told to who listens for errors, else to the platform; never swallowed. */
  private report(thrown: unknown, event: SyncEventName): void {
    const heard = this.entriesOf('sync:error').size + this.entriesOf('*').size > 0;
    if (heard && event !== 'sync:error') this.emit('sync:error', { error: toError(thrown) });
    else reporter()(thrown);
  }

  private entriesOf(name: Name): Set<Entry> {
    const entries = this.entries.get(name) ?? new Set();
    this.entries.set(name, entries);
    return entries;
  }
}

/** Node has no `reportError`. */
function reporter(): (thrown: unknown) => void {
  return (globalThis as Partial<typeof globalThis>).reportError ?? console.error;
}
