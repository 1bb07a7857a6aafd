import type { Hlc } from './hlc.js';
import type { Change, Operation } from './operations.js';

/** What the ledger keeps of an alteration besides what it changed. */
interface AlterationHead {
  readonly seq: number;
  readonly atomeId: string;
  readonly version: number;
  readonly reason: string | null;
  readonly author: string;
  readonly sourceClient: string | null;
  readonly opId: string | null;
  readonly hlc: Hlc;
  readonly timestamp: string;
  /** Paths on which the write was older than what it met; their values stay in `changes`. */
  readonly superseded: readonly string[];
}

/** One accepted change of one atome: a row of the ledger without its place in the hash chain. */
export type AlterationBody = AlterationHead & Change;

interface ChainPlace {
  readonly prevHash: string;
  readonly hash: string;
}

/** A row of the ledger, immutable. */
export type Alteration = AlterationBody & ChainPlace;

/** A row whose payload has been erased by law: the chain still tells that it was there, and who wrote it when. */
export type RedactedAlteration = AlterationHead &
  ChainPlace & {
    readonly operation: Operation;
    readonly changes: null;
    readonly reason: null;
    readonly redacted: true;
  };
