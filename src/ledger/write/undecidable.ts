import { AtomeError } from '../../protocol/index.js';

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
