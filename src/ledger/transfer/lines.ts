import type { AlterationRow, PropagationRow, IdempotencyRecord } from '../rows.js';

/*
 * A ledger as lines of JSON: what was written, with its hashes. States are not in it: they are folded again out of what was
 * written. For each tenant a `ledger`, its `alteration`s in order, its `receipt`s, and an `end`.
 */

/** The first line of a file. */
export interface FileLine {
  readonly type: 'atome-sync';
  readonly format: 1;
}

/** Begins the ledger of a tenant, behind the alteration `after`. */
export interface LedgerLine {
  readonly type: 'ledger';
  readonly tenant: string;
  readonly epoch: string;
  readonly after: number;
}

export interface AlterationLine {
  readonly type: 'alteration';
  readonly row: AlterationRow;
}

/** What a write that altered nothing was answered. */
export interface ReceiptLine {
  readonly type: 'receipt';
  readonly row: IdempotencyRecord;
}

/** A change of an access that was still being told. */
export type OpenPropagation = Pick<PropagationRow, 'parentId' | 'seq' | 'author' | 'origin'>;

/** Where the ledger ends: a file that was cut short has none. */
export interface EndLine {
  readonly type: 'end';
  readonly tenant: string;
  readonly seq: number;
  readonly hash: string;
  readonly propagations: readonly OpenPropagation[];
}

export type TransferLine = FileLine | LedgerLine | AlterationLine | ReceiptLine | EndLine;

export const FIRST_LINE: FileLine = { type: 'atome-sync', format: 1 };
