import { isRedacted, MAX_CLOCK_CHARS, type AlterationBody, type AtomeState } from '../../protocol/index.js';
import { chainHash, newSalt, payloadDigest } from '../integrity/hash-chain.js';
import { deltaBytesOf } from '../delta-chain.js';
import { alterationBytes, bytesOf } from '../row-bytes.js';
import type { StoredTotals } from './quotas.js';
import { accessColumns, audienceAfter } from '../access-columns.js';
import type { AlterationRow, AtomeRow, HeadRow } from '../rows.js';
import { rowOf, snapshotText } from '../row-mapper.js';
import { writtenExcerpt } from './excerpt.js';
import { writtenOf, type PendingAtome } from './pending-atome.js';

/** A snapshot is due once the rows since the last one outweigh the document, but not for a handful of them. */
const MIN_SNAPSHOT_CHARS = 4_096;
/** Or once they are so many: each is read and folded to get at the state. */
const MAX_DELTA_ROWS = 64;

/** Or once the document is so many times smaller than it was. */
const MUCH_SMALLER = 4;

/** What one alteration adds to the ledger. */
export interface LedgerEntry {
  readonly row: AlterationRow;
  readonly atome: AtomeRow;
  readonly next: PendingAtome;
  /** What the tenant stores with it. */
  readonly stored: StoredTotals;
  /** Bytes of the document of the atome: its `data` and `meta`. */
  readonly documentBytes: number;
}

/** The rows of an alteration that follows a head: its own, linked to the chain, and that of its atome. */
export function appendEntry(
  head: HeadRow,
  alteration: AlterationBody,
  state: AtomeState,
  target: PendingAtome | undefined,
): LedgerEntry {
  const { seq, atomeId, version, operation, reason, author, sourceClient, opId, hlc, timestamp } = alteration;
  const changes = JSON.stringify(alteration.changes);
  const superseded = JSON.stringify(alteration.superseded);
  const { data, meta } = target?.excerpt?.documentsOf(state) ?? textsOf(state);
  const document = data.length + meta.length;
  const before = target?.row;
  const weight = before ? before.weight + deltaBytesOf(changes) : 0;
  const isLast = operation === 'redact';
  const isLong = weight > Math.max(document, MIN_SNAPSHOT_CHARS) || (before && version - before.base >= MAX_DELTA_ROWS);
  // it would be read with all that it was
  const isShrunk = before !== undefined && document * MUCH_SMALLER + MAX_CLOCK_CHARS < before.size;
  // that of an erased atome stays its `redact`, by which it is known
  const isDue = (isShrunk || isLong) && !isRedacted(state);
  const isSnapshot = !before || isLast || isDue;
  const base = isSnapshot ? version : before.base;
  const snapshot = isSnapshot && before && !isLast ? snapshotText(state, data, meta) : null;
  const row = {
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
    base,
    superseded,
    size: document + changes.length + superseded.length,
    snapshot,
    salt: newSalt(),
    digest: '',
    prevHash: head.hash,
    hash: '',
  };
  row.digest = payloadDigest(row);
  row.hash = chainHash(row.prevHash, row, row.digest);
  const audience = audienceAfter(target?.audience, alteration, state);
  const since = isSnapshot ? 0 : weight;
  const position = { seq, createdSeq: before?.createdSeq ?? seq, base, weight: since };
  const documentBytes = bytesOf(data, meta);
  const atome = rowOf(state, position, { data, meta, documentBytes, ...accessColumns(state, audience) });
  const next = target?.excerpt ? writtenExcerpt(atome) : writtenOf(atome, state, audience);
  const stored = {
    atomes: head.atomes + Number(state.deletedAt === null) - Number(target?.state.deletedAt === null),
    bytes: head.bytes + atome.size - (before?.size ?? 0) + alterationBytes(row),
  };
  return { row, atome, next, stored, documentBytes };
}

function textsOf({ data, meta }: AtomeState): Pick<AtomeRow, 'data' | 'meta'> {
  return { data: JSON.stringify(data), meta: JSON.stringify(meta) };
}
