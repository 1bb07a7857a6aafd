import { AtomeError } from '../../protocol/index.js';

/** When what was given up is worth trying again, in milliseconds. */
const RETRY_MS = 2_000;

/** The writes of a group cannot be decided together, as when one needs what an earlier one gives it the right to. */
export class DecideApart extends Error {}

/** A large document that a write needs has not been read with its group. */
export class DocumentNotRead extends Error {}

/** What a write is answered that a fault of the program keeps from being decided. */
export function undecidable(cause: unknown): AtomeError {
  return Object.assign(new AtomeError('internal', 'the write could not be decided'), { cause });
}

/** One of several gives another the right that it needs, or too many of them come to inherit. */
export function tooEntangled(): AtomeError {
  return new AtomeError('conflict', 'these writes cannot be decided together; send them one after the other');
}

/** The atomes of writes that are all or none are too large together. */
export function tooLarge(): AtomeError {
  const text = 'the atomes of these writes are too large to be altered together; send fewer of them at once';
  return new AtomeError('too_large', text);
}

/** The check of a write was given up; another time it may be done, or known never to be. */
export class GivenUp extends AtomeError {
  /**
   * @param heldMs how long it kept the event loop, in milliseconds.
   * @param tookMs how much of that was not because others had the processor, as far as that is known.
   */
  constructor(
    readonly heldMs: number,
    readonly tookMs: number,
  ) {
    super('unavailable', 'the write takes too long to be checked; try again', { retryAfter: RETRY_MS });
  }
}
