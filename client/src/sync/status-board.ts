import type { JsonValue } from '../../../src/protocol/index.js';
import type { Emitter } from '../events/emitter.js';
import type { Tabs } from '../store/store.js';
import type { Replica } from './replica.js';
import type { Status, SyncState } from './status.js';

/** Says how it stands with the server. Where another tab holds the connection, it says what that one says. */
export class StatusBoard {
  private told = '';
  private pending = 0;
  private heard: SyncState = { state: 'connecting' };
  private tabs: Tabs | undefined;

  constructor(
    private readonly replica: Replica,
    private readonly events: Emitter,
    /** The state of the own connection; null while there is none to be had. */
    private readonly own: () => SyncState | null,
  ) {}

  get status(): Status {
    const { place, outbox, rejected } = this.replica;
    return {
      ...(this.own() ?? this.heard),
      pending: outbox.size,
      rejected: rejected.size,
      lastSeq: place.cursor?.seq ?? 0,
      clockSkewMs: place.skewMs,
    };
  }

  /** Shares the state with the other tabs. @returns what ends it. */
  share(tabs: Tabs): () => void {
    this.tabs = tabs;
    const stop = tabs.hear((message) => this.hear(message));
    tabs.tell({ ask: 'status' });
    return stop;
  }

  /** Tells of what is different. */
  update(): void {
    const { status } = this;
    const text = JSON.stringify(status);
    if (text === this.told) return;
    this.told = text;
    if (status.pending !== this.pending) this.events.emit('sync:pending', { count: status.pending });
    this.pending = status.pending;
    this.events.emit('sync:status', status);
    this.tell();
  }

  private tell(): void {
    const status = this.own();
    if (status) this.tabs?.tell({ status });
  }

  private hear(message: JsonValue): void {
    const { ask, status } = message as { readonly ask?: string; readonly status?: SyncState };
    if (ask) return this.tell();
    if (!status) return;
    this.heard = status;
    this.update();
  }
}
