import type { Store } from './store.js';

/** Keeps nothing: for a client whose data lives in its own memory alone, or whose store has failed. */
export const NO_STORE: Store = {
  durable: false,
  open: () => Promise.resolve({ place: null, outbox: [], rejected: [] }),
  async *atomes() {},
  commit: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
