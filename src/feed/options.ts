/** Bounds and times of the feed. */
export interface FeedOptions {
  /** Recent alterations kept in memory for each tenant: at most so many … */
  readonly ringEntries: number;
  /** … and at most about so many characters. */
  readonly ringChars: number;
  /** Pages of ledgers kept in memory for those who are behind, with their frames, in bytes: of all tenants together. */
  readonly pageBytes: number;
  /** Unsent bytes of one socket above which it gets nothing more until it has taken them. */
  readonly unsentBytes: number;
  /** A frame ends where its events reach about this many characters. */
  readonly frameChars: number;
  /** How often each node looks at the heads of its ledgers by itself, in milliseconds. */
  readonly pollMs: number;
  /** A log that nobody has asked for is let go of after this time, in milliseconds; longer than any long poll. */
  readonly unusedLogMs: number;
  /** A reader from whom everything was hidden gets an empty frame after this time, in milliseconds. */
  readonly idleFrameMs: number;
}

export const DEFAULT_FEED_OPTIONS: FeedOptions = {
  ringEntries: 10_000,
  ringChars: 16 * 1024 * 1024,
  pageBytes: 16 * 1024 * 1024,
  unsentBytes: 64 * 1024,
  frameChars: 64 * 1024,
  pollMs: 1_000,
  unusedLogMs: 120_000,
  idleFrameMs: 10_000,
};
