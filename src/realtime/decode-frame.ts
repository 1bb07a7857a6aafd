import { AtomeError, decodeJson, isObject, type Limits } from '../protocol/index.js';

/** What a message begins with before a value of its holds others: its type, and in most its opId. */
const HEAD = /^\s*\{[^[{]{0,1000}/;
const LAST_NAME = /,?\s*"[^"]*"\s*:\s*$/;

/** A frame that holds too much: what it begins with says whom that is told. */
export class TooComplexFrame extends Error {
  constructor(
    override readonly cause: unknown,
    readonly head: unknown,
  ) {
    super();
  }
}

/**
 * Decodes a frame of a client.
 * @throws TooComplexFrame for what need not be decoded to be refused. @throws AtomeError `invalid_json`
 */
export function decodeFrame(frame: string, limits: Limits): unknown {
  try {
    return decodeJson(frame, limits);
  } catch (error) {
    if (!(error instanceof AtomeError) || error.code !== 'too_complex') throw error;
    const head = headOf(frame);
    // a write is told by its name that it is refused
    if (!isObject(head) || (head.type === 'mutate' && typeof head.opId !== 'string')) return decodeJson(frame);
    throw new TooComplexFrame(error, head);
  }
}

function headOf(frame: string): unknown {
  const head = HEAD.exec(frame)?.[0];
  try {
    const value: unknown = head === undefined ? {} : JSON.parse(`${head.replace(LAST_NAME, '')}}`);
    return head === undefined || (isObject(value) && typeof value.type === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}
