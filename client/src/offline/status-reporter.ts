import type { JsonValue } from '../../../src/protocol/index.js';
import type { Emitter } from '../core/emitter.js';
import type { Tabs } from '../storage/store.js';
import type { Replica } from './replica.js';
import type { Status, SyncState } from './status.js';

/** Says how it stands with the server. Where another tab holds the connection, it says what that one says. */
export interface StatusReporter {
  readonly status: () => Status;
  /** Tells of what is different. */
  readonly update: () => void;
  /** Shares the state with the other tabs. @returns what ends it. */
  readonly share: (tabs: Tabs) => () => void;
}

/** @param own the state of the own connection; null while there is none to be had. */
export function createStatusReporter(
  replica: Replica,
  emit: Emitter['emit'],
  own: () => SyncState | null,
): StatusReporter {
  let told = '';
  let toldPending = 0;
  let heard: SyncState = { state: 'connecting' };
  let tabs: Tabs | undefined;

  function status(): Status {
    const { checkpoint, outbox, rejected, storage, failure } = replica;
    return {
      ...(own() ?? heard),
      pending: outbox.size,
      rejected: rejected.size,
      lastSeq: checkpoint.cursor?.seq ?? 0,
      clockSkewMs: checkpoint.skewMs,
      storage,
      ...(failure !== undefined && { storageError: failure }),
    };
  }

  function tell(): void {
    const state = own();
    if (state) tabs?.tell({ status: state });
  }

  function update(): void {
    const now = status();
    const text = JSON.stringify(now);
    if (text === told) return;
    told = text;
    const { pending } = now;
    if (pending !== toldPending) emit('sync:pending', { count: pending });
    toldPending = pending;
    // a listener may have changed it, and that was told
    if (told === text) emit('sync:status', now);
    tell();
  }

  function hear(message: JsonValue): void {
    const { ask, status: state } = message as { readonly ask?: string; readonly status?: SyncState };
    if (ask) return tell();
    if (!state) return;
    heard = state;
    update();
  }

  return {
    status,
    update,
    share(others) {
      tabs = others;
      const stop = others.hear(hear);
      others.tell({ ask: 'status' });
      return () => {
        stop();
        // whoever leads next tells the others
        tabs = undefined;
      };
    },
  };
}
