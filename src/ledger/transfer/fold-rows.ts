import { fold, type AtomeState, type Audience } from '../../protocol/index.js';
import { accessColumns, audienceAfter, rightsAndAudienceOf } from '../access-columns.js';
import { deltaBytesOf } from '../delta-chain.js';
import { isErased } from '../erasure.js';
import { KindTotals } from '../kind-totals.js';
import { alterationBytes, bytesOf } from '../row-bytes.js';
import { alterationBodyOf, rowOf, stateOf } from '../row-mapper.js';
import type { AlterationRow, AtomeRow, HeadRow, PartialAtomeRow } from '../rows.js';
import { hasDocument } from '../rows.js';
import type { Additions, Erasure, LockedState } from '../store.js';

interface Folded {
  readonly row: AtomeRow;
  readonly state: AtomeState;
  readonly audience: Audience;
}

/**
 * What a ledger becomes by rows that another has written: their states are folded again.
 * @param creations seq of the first alteration of atomes that are erased, of which there is nothing else.
 */
export function foldRows(
  before: LockedState,
  rows: readonly AlterationRow[],
  creations: ReadonlyMap<string, number>,
): Additions {
  const atomes = new Map(before.atomes.map((row) => [row.id, foldedOf(row)]));
  const changed = new Map<string, AtomeRow>();
  const erased: Erasure[] = [];
  const kinds = new KindTotals(before.head.kinds);
  let { atomes: living, bytes } = before.head;
  for (const row of rows) {
    bytes += alterationBytes(row);
    if (row.operation === 'redact') erased.push(row);
    // what an erased row has made of the atome nobody knows: its redact follows
    if (isErased(row)) continue;
    const target = atomes.get(row.atomeId);
    const next = folded(row, target, creations.get(row.atomeId) ?? row.seq);
    living += Number(next.row.deletedAt === null) - Number(target?.row.deletedAt === null);
    bytes += next.row.size - (target?.row.size ?? 0);
    if (target) kinds.add(target.row.kind, target.row.deletedAt !== null, -1);
    kinds.add(next.row.kind, next.row.deletedAt !== null, 1);
    atomes.set(row.atomeId, next);
    changed.set(row.atomeId, next.row);
  }
  const { seq, hash, timestamp } = rows.at(-1)!;
  const head: HeadRow = { ...before.head, seq, hash, timestamp, atomes: living, bytes, kinds: kinds.text };
  return { head, alterations: rows, atomes: [...changed.values()], receipts: [], erased };
}

function foldedOf(row: PartialAtomeRow): Folded {
  if (!hasDocument(row)) throw new Error(`the document of "${row.id}" has not been read`);
  return { row, state: stateOf(row), audience: rightsAndAudienceOf(row).audience };
}

function folded(row: AlterationRow, target: Folded | undefined, createdSeq: number): Folded {
  const alteration = alterationBodyOf(row);
  const isRedact = row.operation === 'redact';
  const state = fold(isRedact ? null : (target?.state ?? null), alteration);
  const audience = audienceAfter(target?.audience, alteration, state);
  const data = JSON.stringify(state.data);
  const meta = JSON.stringify(state.meta);
  const position = {
    seq: row.seq,
    createdSeq: target?.row.createdSeq ?? createdSeq,
    base: row.base,
    weight: row.base === row.version ? 0 : (target?.row.weight ?? 0) + deltaBytesOf(row.changes),
  };
  const columns = { data, meta, documentBytes: bytesOf(data, meta), ...accessColumns(state, audience) };
  return { row: rowOf(state, position, columns), state, audience };
}
