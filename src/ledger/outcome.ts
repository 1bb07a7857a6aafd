import type { WrittenTexts } from './rows.js';
import type { JoinedTransaction } from './store.js';
import type { Preconditions } from './write/preconditions.js';
import type { AlterationBody, Atome, Audience, AtomeHeader, JudgedHeader, Principal } from '../protocol/index.js';

/* What comes of a write, for its writer and for all readers. */

/** Who writes, through which connection, and under which preconditions. */
export interface WriteOrigin {
  readonly principal: Principal;
  readonly sourceClient: string | null;
  /** The write is refused with `precondition_failed` unless these hold for the atome that it meets. */
  readonly preconditions?: Preconditions | undefined;
  /** The transaction of the application's that it is a part of. */
  readonly within?: JoinedTransaction | undefined;
  /** Under which name it is followed, see `Traces`. */
  readonly trace?: string | undefined;
}

/** What filters and rights need of an atome, without its content. */
export function headerOfAtome({ id, kind, type, parentId, ownerId, access, inherited }: AtomeHeader): AtomeHeader {
  if (access === undefined) return { id, kind, type, parentId, ownerId };
  return { id, kind, type, parentId, ownerId, access, ...(inherited !== undefined && { inherited }) };
}

/** One alteration with all that readers may need to know of it. */
export interface Committed {
  readonly alteration: AlterationBody;
  readonly prevHash: string;
  readonly hash: string;
  /** About how many characters its event takes. */
  readonly size: number;
  /** The state after it. */
  readonly atome: Atome;
  /** Left out where nobody else has its objects. */
  readonly texts?: WrittenTexts;
  /** The header before it; null for a new atome. */
  readonly before: AtomeHeader | null;
  /** The state before it; null for a new atome, undefined where that was not read. */
  readonly previous?: Atome | null;
  /** About how many characters that has. */
  readonly previousSize?: number;
  /** Its header as it is now and as it is to be judged, where that is known to differ from the one just after it. */
  readonly current?: JudgedHeader;
  /** The seq of its first alteration, where that was read. */
  readonly createdSeq?: number;
  /** Who could ever see it, where that was looked up. */
  readonly audience?: Audience;
  /** Its payload has been erased: readers get nothing of it. */
  readonly erased?: true;
  /** Under which name it is followed, see `Traces`; set once it is committed. */
  trace?: string;
}

/** What came of one write. */
export type Outcome =
  | {
      readonly outcome: 'applied';
      /** Of the ledger, as in all outcomes. */
      readonly epoch: string;
      readonly committed: Committed;
      /** The state that it met; null for a new atome. */
      readonly previous: Atome | null;
    }
  /** It would change nothing: `seq` and `version` are those of the atome as it is. */
  | {
      readonly outcome: 'noop';
      readonly epoch: string;
      readonly atomeId: string;
      readonly seq: number;
      readonly version: number;
      readonly atome: Atome;
    }
  /** It has been there before, under its opId or as the same `create`: this is what the first was answered. */
  | {
      readonly outcome: 'duplicate';
      readonly epoch: string;
      readonly atomeId: string;
      readonly seq: number;
      readonly version: number;
      readonly superseded: readonly string[];
      /** Whether that wrote an alteration under this opId. */
      readonly altered: boolean;
    };
