/** Where the link to the server above is: it waits before it connects again, or takes what it has missed. */
export type LinkState = 'stopped' | 'connecting' | 'catching-up' | 'live' | 'waiting';

/** How an edge stands. */
export interface EdgeStatus {
  readonly state: LinkState;
  /** Why upstream is not followed now; told to admins. */
  readonly fault?: string;
  /** How far its ledger is followed, and where it ends, as far as it has said; left out until it was reached once. */
  readonly upstream?: { readonly epoch: string; readonly seq: number; readonly hash: string; readonly head: number };
  /** How many writes of this server are not decided upstream yet. */
  readonly waiting: number;
  /** All writes of this server up to that seq are decided upstream. */
  readonly safe: number;
}
