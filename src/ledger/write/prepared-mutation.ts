import type { Mutation } from '../../protocol/index.js';

/** One write, parsed, and perhaps completed by the server. */
export type PreparedMutation = Mutation & {
  /** What its author has asked for, where that is another: a repetition is known by it. */
  readonly asked?: Mutation;
};
