import type { Hlc } from './hlc.js';
import type { Change, Operation } from './operations.js';

/** What the ledger keeps of an alteration besides what it changed. */
interface AlterationHead {
  /** Position in the ledger: 1, 2, 3 … without a gap. */
  readonly seq: number;
  /** Which atome. */
  readonly atomeId: string;
  /** Version of the atome that it made. */
  readonly version: number;
  /** Why, in the words of who wrote; null for none. */
  readonly reason: string | null;
  /** Id of the principal who wrote. */
  readonly author: string;
  /** `clientId` of the connection that wrote; null for none. */
  readonly sourceClient: string | null;
  /** The client's name for the write; null for none. */
  readonly opId: string | null;
  /** Stamp that decides between concurrent writes. */
  readonly hlc: Hlc;
  /** Time of the commit, ISO 8601 in UTC. */
  readonly timestamp: string;
  /** Paths on which the write was older than what it met; their values stay in `changes`. */
  readonly superseded: readonly string[];
}

/** One accepted change of one atome: a row of the ledger without its place in the hash chain. */
export type AlterationBody = AlterationHead & Change;

interface ChainPlace {
  /** Chain hash of the alteration before it in the ledger. */
  readonly prevHash: string;
  /** Chain hash: computed over `prevHash` and this alteration. */
  readonly hash: string;
}

/** A row of the ledger, immutable. */
export type Alteration = AlterationBody & ChainPlace;

/** A row whose payload has been erased by law: the chain still tells that it was there, and who wrote it when. */
export type RedactedAlteration = AlterationHead &
  ChainPlace & {
    /** What it did. */
    readonly operation: Operation;
    /** Erased. */
    readonly changes: null;
    /** Erased. */
    readonly reason: null;
    /** Tells it from others. */
    readonly redacted: true;
  };
