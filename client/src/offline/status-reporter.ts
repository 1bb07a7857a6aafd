import type { JsonValue } from '../../../src/protocol/index.js';
import type { Emitter } from '../core/emitter.js';
import type { Tabs } from '../storage/store.js';
import type { Link } from './link.js';
import type { Replica } from './replica.js';
import type { Status, SyncState } from './status.js';

/** Says how it stands with the server. Where another tab holds the connection, it says what that one says. */
export interface StatusReporter {
  readonly status: () => Status;
  /** Tells of what is different. */
  readonly update: () => void;
  /** Why nothing comes as long as another tab leads; undefined where it comes. */
  readonly apart: () => Error | undefined;
  /** Shares the state with the other tabs. @returns what ends it. */
  readonly share: (tabs: Tabs) => () => void;
}

/** @param changed is called when another tab has told of its state. */
export function createStatusReporter(
  replica: Replica,
  emit: Emitter['emit'],
  link: Pick<Link, 'state' | 'apart'>,
  changed: () => void,
): StatusReporter {
  const own = link.state;
  let told = '';
  let toldPending = 0;
  /** Of the tab that leads. */
  let heard: SyncState | undefined;
  let tabs: Tabs | undefined;

  const apart = (): Error | undefined => heard && link.apart();

  function status(): Status {
    const { checkpoint, outbox, rejected, storage, failure } = replica;
    const reason = apart()?.message;
    return {
      ...(own() ?? (reason ? { state: 'offline', nextAttemptAt: null, reason } : (heard ?? { state: 'connecting' }))),
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
    if (pending !== toldPending) emit('sync:pending', { count: (toldPending = pending) });
    // a listener may have changed it, and that was told
    if (told === text) emit('sync:status', now);
    tell();
  }

  function hear(message: JsonValue): void {
    const { ask, status: state } = message as { readonly ask?: string; readonly status?: SyncState };
    if (ask) return tell();
    if (!state) return;
    heard = state;
    changed();
  }

  return {
    status,
    update,
    apart,
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
