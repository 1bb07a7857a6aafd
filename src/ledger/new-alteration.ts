import type { Alteration, AlterationBody, Change } from '../protocol/index.js';

/** Where an alteration comes to stand. */
export type Position = Pick<AlterationBody, 'seq' | 'atomeId' | 'version' | 'timestamp'>;

/** Who asked for an alteration, and what for. */
export type Provenance = Pick<AlterationBody, 'author' | 'sourceClient' | 'opId' | 'reason'>;

/** When an alteration was written, by its clock, and the keys on which it was too late. */
export type Stamp = Pick<AlterationBody, 'hlc' | 'superseded'>;

/**
 * Makes every alteration that is written. One literal gives all of them one hidden class, and spread objects would
 * define each member by itself: what walks over alterations would be slower for either.
 */
export function newAlteration(
  { seq, atomeId, version, timestamp }: Position,
  { operation, changes }: Change,
  { author, sourceClient, opId, reason }: Provenance,
  { hlc, superseded }: Stamp,
): AlterationBody {
  const fields = {
    seq,
    atomeId,
    version,
    operation,
    changes,
    reason,
    author,
    sourceClient,
    opId,
    hlc,
    timestamp,
    superseded,
  };
  // the operation and its changes come out of one change
  return fields as AlterationBody;
}

/** A copy of an alteration, in its place in the chain. To spread one is slow. */
export function chained(
  alteration: AlterationBody,
  { prevHash, hash }: Pick<Alteration, 'prevHash' | 'hash'>,
): Alteration {
  return Object.assign(newAlteration(alteration, alteration, alteration, alteration), { prevHash, hash });
}
