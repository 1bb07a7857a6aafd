import type { Rights } from './access.js';
import type { Hlc } from './hlc.js';
import type { JsonObject } from './json.js';
import type { Change, Operation } from './operations.js';

/** The parts of an atome that writes set. */
export interface Content {
  readonly kind: string;
  readonly type: string | null;
  readonly data: JsonObject;
  readonly meta: JsonObject;
  readonly parentId: string | null;
}

/** A shared object as clients see it. Times are ISO 8601 in UTC. */
export interface Atome extends Content, Rights {
  readonly id: string;
  readonly ownerId: string;
  /** 1 at creation, plus 1 with every alteration. */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly deletedAt: string | null;
}

/** What filters and rights look at: all of an atome but its content. */
export type Placement = Rights & Pick<Atome, 'id' | 'kind' | 'type' | 'parentId' | 'ownerId'>;

/**
 * When each key was last written: by path (`data.title`, `meta.tags`, `kind`, `deleted` …).
 * The entry `''` stands for every key that the atome has and that has no entry of its own; `data` and `meta`
 * stand for those keys of theirs that it has not.
 */
export type Clocks = Readonly<Record<string, Hlc>>;

/** An atome with what is needed to decide the next write to it. */
export interface AtomeState extends Atome {
  readonly clocks: Clocks;
}

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

/** Who acts, out of the token. */
export interface Principal {
  readonly id: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  /** Groups that rights may name; left out for none. */
  readonly groups?: readonly string[];
}

export type { Operation };
