import {
  isRedacted,
  MAX_CLOCK_CHARS,
  type AlterationBody,
  type AtomeHeader,
  type AtomeState,
  type Audience,
} from '../../protocol/index.js';
import { chainHash, newSalt, payloadDigest } from '../integrity/hash-chain.js';
import { deltaBytesOf } from '../delta-chain.js';
import { alterationBytes, bytesOf } from '../row-bytes.js';
import type { StoredTotals } from './quotas.js';
import { accessColumns, audienceAfter, keptHeaderOf } from '../access-columns.js';
import { hasDocument, type AlterationRow, type AtomeRow, type HeadRow, type PartialAtomeRow } from '../rows.js';
import { DocumentNotRead } from './undecidable.js';
import { rowOf, snapshotText, stateOf } from '../row-mapper.js';

/** A snapshot is due once the rows since the last one outweigh the document, but not for a handful of them. */
const MIN_SNAPSHOT_CHARS = 4_096;
/** Or once they are so many: each is read and folded to get at the state. */
const MAX_DELTA_ROWS = 64;

/** Or once the document is so many times smaller than it was. */
const MUCH_SMALLER = 4;

/** An atome as a group has left it so far. */
export interface PendingAtome {
  /** As the ledger keeps it. */
  readonly header: AtomeHeader;
  /** Decoded when it is first asked for, which is once it may be read. */
  readonly state: AtomeState;
  readonly seq: number;
  readonly createdSeq: number;
  readonly base: number;
  readonly weight: number;
  readonly audience: Audience;
  /** Bytes of the atome as it is. */
  readonly size: number;
}

/** An atome as a group meets it. */
export function pendingOf(row: PartialAtomeRow): PendingAtome {
  const header = keptHeaderOf(row);
  const { seq, createdSeq, base, weight, size } = row;
  let decoded: AtomeState | undefined;
  return {
    header,
    get state() {
      if (!hasDocument(row)) throw new DocumentNotRead(`the document of "${row.id}" has not been read`);
      return (decoded ??= stateOf(row));
    },
    seq,
    createdSeq,
    base,
    weight,
    size,
    audience: header.audience,
  };
}

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
  const data = JSON.stringify(state.data);
  const meta = JSON.stringify(state.meta);
  const document = data.length + meta.length;
  const weight = target ? target.weight + deltaBytesOf(changes) : 0;
  const isLast = operation === 'redact';
  const isLong = weight > Math.max(document, MIN_SNAPSHOT_CHARS) || (target && version - target.base >= MAX_DELTA_ROWS);
  // it would be read with all that it was
  const isShrunk = target !== undefined && document * MUCH_SMALLER + MAX_CLOCK_CHARS < target.size;
  // that of an erased atome stays its `redact`, by which it is known
  const isDue = (isShrunk || isLong) && !isRedacted(state);
  const isSnapshot = !target || isLast || isDue;
  const base = isSnapshot ? version : target.base;
  const snapshot = isSnapshot && target && !isLast ? snapshotText(state, data, meta) : null;
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
  const position = { seq, createdSeq: target?.createdSeq ?? seq, base, weight: since };
  const documentBytes = bytesOf(data, meta);
  const atome = rowOf(state, position, { data, meta, documentBytes, ...accessColumns(state, audience) });
  const { createdSeq } = position;
  const next = { header: state, state, seq, createdSeq, base, weight: since, size: atome.size, audience };
  const stored = {
    atomes: head.atomes + Number(state.deletedAt === null) - Number(target?.state.deletedAt === null),
    bytes: head.bytes + atome.size - (target?.size ?? 0) + alterationBytes(row),
  };
  return { row, atome, next, stored, documentBytes };
}
