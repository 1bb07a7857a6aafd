/** Bounds on what a client may send. Every one can be configured; these are the defaults of `docs/protocol/errors-and-limits.md`. */
export interface Limits {
  /** Largest HTTP body and WebSocket message, in bytes. */
  readonly messageBytes: number;
  /** Deepest nesting of objects and arrays in one JSON value. */
  readonly jsonDepth: number;
  /** Most values (objects, arrays and scalars) in one JSON value. */
  readonly jsonNodes: number;
  /** Longest `reason`, in characters. */
  readonly reasonChars: number;
  /** Longest JSON text of a `presence` state, in characters. */
  readonly presenceChars: number;
  /** Most operations in one `POST /api/sync/push`. */
  readonly pushOperations: number;
}

/** The limits of a server that is told no others. */
export const DEFAULT_LIMITS: Limits = {
  messageBytes: 1024 * 1024,
  jsonDepth: 32,
  jsonNodes: 10_000,
  reasonChars: 1_000,
  presenceChars: 4_096,
  pushOperations: 1_000,
};
