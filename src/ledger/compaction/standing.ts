import { fold, type AtomeState, type Audience } from '../../protocol/index.js';
import { audienceAfter } from '../access-columns.js';
import { deltaBytesOf } from '../delta-chain.js';
import { ERASED, isErased } from '../erasure.js';
import { newSalt, sha256 } from '../integrity/hash-chain.js';
import { alterationBodyOf, snapshotIn, snapshotText } from '../row-mapper.js';
import type { AlterationRow, BaseRow } from '../rows.js';

/** What an atome has come to, as it is known from its alterations alone. */
export interface Standing {
  /** null where it is erased, and no `redact` has been met that tells of it. */
  readonly known: { readonly state: AtomeState; readonly audience: Audience } | null;
  readonly version: number;
  readonly seq: number;
  readonly timestamp: string;
  /** Chain hash of its newest alteration. */
  readonly hash: string;
  readonly createdSeq: number;
  /** `hlc` of its first alteration. */
  readonly created: string;
  /** As the row of an atome has them. */
  readonly base: number;
  readonly weight: number;
}

/** What a base has that no snapshot has. */
type Rest = Pick<Standing, 'base' | 'weight'> & Pick<AtomeState, 'clocks'> & { readonly audience: Audience };

/** Whether nothing of the payload is left. */
export function isErasedBase({ snapshot, rest, salt }: BaseRow): boolean {
  return isErased({ salt }) && snapshot === ERASED.changes && rest === ERASED.changes;
}

/** What a base tells. */
export function standingOf(row: BaseRow): Standing {
  const { version, seq, timestamp, hash, createdSeq, created } = row;
  const header = { version, seq, timestamp, hash, createdSeq, created };
  if (isErased(row)) return { ...header, known: null, base: version, weight: 0 };
  const { audience, clocks, base, weight } = JSON.parse(row.rest) as Rest;
  return { ...header, known: { state: { ...snapshotIn(row, row.snapshot), clocks }, audience }, base, weight };
}

/** What an alteration makes of what was before; undefined: nothing. */
export function standingAfter(before: Standing | undefined, row: AlterationRow): Standing {
  const { version, seq, timestamp, hash } = row;
  const { createdSeq = seq, created = row.hlc } = before ?? {};
  const header = { version, seq, timestamp, hash, createdSeq, created };
  const isRedact = row.operation === 'redact';
  const isUnknown = before?.known === null && !isRedact;
  if (isErased(row) || isUnknown) return { ...header, known: null, base: row.base, weight: 0 };
  const alteration = alterationBodyOf(row);
  const state = fold(before?.known?.state ?? null, alteration);
  const audience = audienceAfter(before?.known?.audience, alteration, state);
  const weight = row.base === version ? 0 : (before?.weight ?? 0) + deltaBytesOf(row.changes);
  return { ...header, known: { state, audience }, base: row.base, weight };
}

/** The base that tells it. */
export function baseOf(atomeId: string, { known, base, weight, ...header }: Standing): BaseRow {
  const texts = { snapshot: ERASED.changes as string, rest: ERASED.changes as string };
  if (known) {
    const { state, audience } = known;
    texts.snapshot = snapshotText(state, JSON.stringify(state.data), JSON.stringify(state.meta));
    texts.rest = JSON.stringify({ clocks: state.clocks, audience, base, weight } satisfies Rest);
  }
  const salt = newSalt();
  const digest = baseDigest({ salt, ...texts });
  return { atomeId, ...header, ...texts, salt: known ? salt : ERASED.salt, digest };
}

/** What stays of the texts of a base when they are erased. */
export function baseDigest({ salt, snapshot, rest }: Pick<BaseRow, 'salt' | 'snapshot' | 'rest'>): string {
  return sha256(JSON.stringify([salt, snapshot, rest]));
}
