/** How it stands with the server. */
export type SyncState =
  | {
      /** How it stands with the server, in one word. */
      readonly state: 'connecting' | 'live';
    }
  /** Behind; `done` of `total` places of the ledger are here. */
  | { readonly state: 'catching-up'; readonly done: number; readonly total: number }
  /** Without connection. `nextAttemptAt`: epoch milliseconds, or null when nothing is tried before the device wakes. */
  | { readonly state: 'offline'; readonly nextAttemptAt: number | null; readonly reason: string }
  /** Ended: by `close`, or because the server will not have us; `sync:error` has told why. */
  | { readonly state: 'stopped'; readonly reason: string };

/** What `status()` and `sync:status` tell. */
export type Status = SyncState & {
  /** Where what is written is kept: `failing` while the store keeps nothing. It is tried again by itself. */
  readonly storage: 'durable' | 'memory' | 'failing';
  /** Why it is `failing`. */
  readonly storageError?: string | undefined;
  /** Own writes that the server has not confirmed. */
  readonly pending: number;
  /** Own writes that were refused and wait for a decision. */
  readonly rejected: number;
  /** Up to where everything is here; 0 before all was told once. */
  readonly lastSeq: number;
  /** How far the local clock is ahead of the server's; null while that is not known. */
  readonly clockSkewMs: number | null;
};
