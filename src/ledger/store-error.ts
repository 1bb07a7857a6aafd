import { AtomeError } from '../protocol/index.js';
import { errorWords } from '../database/error-words.js';

/** A kind of fault of a database: who is told what of it. */
export interface Fault {
  /** A fixed text, by which the log bounds its lines. */
  readonly kind: string;
  readonly code: 'unavailable' | 'storage_full';
  /** For callers: a sentence of our own, with nothing in it that the database says. */
  readonly message: string;
  /** For the log: what to look at, and the setting that helps. */
  readonly remedy: string;
  /** Whether the disk fails, which only what really reads or writes it meets: who asks for health changes nothing. */
  readonly isOfTheDisk?: boolean;
}

/** Tells the operator of something that may recur with each request: the kind bounds the lines. */
export type Report = (kind: string, line: string) => void;

/** Something failed for a fault of the database, not of what was asked: the same request may succeed later. */
export class StoreError extends AtomeError {
  /** @param cause what the database or its driver said; it goes to the log only. */
  constructor(
    readonly fault: Fault,
    override readonly cause?: unknown,
  ) {
    super(fault.code, `${fault.message}; try again`);
  }

  /** One line for the log. */
  get line(): string {
    const { message, remedy } = this.fault;
    const said = this.cause === undefined ? '' : ` (${errorWords(this.cause)})`;
    return `${message}${said}: ${remedy}`;
  }
}

/** The ledger of a tenant is not in the database any more: an older copy has been put back, or the tables were emptied. */
export class LedgerGone extends StoreError {
  constructor(tenant: string) {
    super({
      kind: 'ledger gone',
      code: 'unavailable',
      message: `the ledger of "${tenant}" has gone from the database`,
      remedy: 'a new one is begun with the next write; was an older copy of the database put back?',
    });
  }
}
