import { isErased } from './erasure.js';
import { rightsAndAudienceOf } from './access-columns.js';
import { chained, newAlteration } from './new-alteration.js';
import type {
  Alteration,
  AlterationBody,
  Atome,
  AtomeState,
  Change,
  Clocks,
  Content,
  JsonObject,
  RedactedAlteration,
} from '../protocol/index.js';
import { atomeBytes } from './row-bytes.js';
import type { AlterationRow, AtomeInText, AtomeRow, DeltaRow } from './rows.js';

/** What a snapshot in the ledger holds besides what its row tells. */
type Snapshot = Content & Pick<Atome, 'ownerId' | 'createdAt' | 'deletedAt' | 'access' | 'inherited'>;

export function stateOf(row: AtomeRow): AtomeState {
  return { ...atomeOf(row), clocks: JSON.parse(row.clocks) as Clocks };
}

export function atomeOf(row: AtomeRow): Atome {
  const { id, kind, type, parentId, ownerId, version, createdAt, updatedAt, deletedAt } = row;
  const data = JSON.parse(row.data) as JsonObject;
  const meta = JSON.parse(row.meta) as JsonObject;
  const { audience: _audience, ...rights } = rightsAndAudienceOf(row);
  return { id, kind, type, data, meta, parentId, ownerId, version, createdAt, updatedAt, deletedAt, ...rights };
}

export function atomeIn({ data, meta, ...rest }: AtomeInText): Atome {
  return { ...rest, data: JSON.parse(data) as JsonObject, meta: JSON.parse(meta) as JsonObject };
}

/**
 * {@link atomeOf} as JSON, put together out of the JSON that the row keeps: to parse and write `data` and `meta` again would
 * come to the same text, and is most of the work of a snapshot.
 */
export function atomeText(row: AtomeRow | AtomeInText): string {
  return textWith(row, row);
}

/** As {@link atomeText}, of an atome whose documents are there as text beside it. */
export function textWith(
  row: Omit<AtomeRow, keyof Documents> | Omit<AtomeInText, keyof Documents>,
  { data, meta }: Documents,
): string {
  const { id, kind, type, parentId, ownerId, version, createdAt, updatedAt, deletedAt } = row;
  const { access, inherited } = 'clocks' in row ? rightsAndAudienceOf(row) : row;
  const names = JSON.stringify({ id, kind, type });
  const rest = JSON.stringify({ parentId, ownerId, version, createdAt, updatedAt, deletedAt, access, inherited });
  return `${names.slice(0, -1)},"data":${data},"meta":${meta},${rest.slice(1)}`;
}

/** As JSON. */
type Documents = Pick<AtomeInText, 'data' | 'meta'>;

/** An alteration as JSON, put together as {@link atomeText} is. */
export function alterationText(alteration: AlterationBody, changes: string): string {
  const { seq, atomeId, version, operation } = alteration;
  const { reason, author, sourceClient, opId, hlc, timestamp, superseded } = alteration;
  const names = JSON.stringify({ seq, atomeId, version, operation });
  const rest = JSON.stringify({ reason, author, sourceClient, opId, hlc, timestamp, superseded });
  return `${names.slice(0, -1)},"changes":${changes},${rest.slice(1)}`;
}

/**
 * The row of a state. Written out, as the other objects of a write are: to spread several objects into one defines
 * each member by itself, which costs more than all else that is done for a row.
 */
export function rowOf(
  state: AtomeState,
  position: Pick<AtomeRow, 'seq' | 'createdSeq' | 'base' | 'weight'>,
  columns: Pick<AtomeRow, 'data' | 'meta' | 'access' | 'readers' | 'heirOf'> & { readonly documentBytes: number },
): AtomeRow {
  const row = {
    id: state.id,
    kind: state.kind,
    type: state.type,
    data: columns.data,
    meta: columns.meta,
    parentId: state.parentId,
    ownerId: state.ownerId,
    version: state.version,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
    deletedAt: state.deletedAt,
    clocks: JSON.stringify(state.clocks),
    seq: position.seq,
    createdSeq: position.createdSeq,
    base: position.base,
    weight: position.weight,
    size: 0,
    access: columns.access,
    readers: columns.readers,
    heirOf: columns.heirOf,
  };
  row.size = atomeBytes(row, columns.documentBytes);
  return row;
}

/** A state without what only the next write needs to know. Written out: the rest of an object (`...`) is slow. */
export function withoutClocks(state: AtomeState): Atome {
  const { id, kind, type, data, meta, parentId, ownerId, version, createdAt, updatedAt, deletedAt } = state;
  const { access, inherited } = state;
  const atome = { id, kind, type, data, meta, parentId, ownerId, version, createdAt, updatedAt, deletedAt };
  if (access === undefined) return atome;
  return inherited === undefined ? { ...atome, access } : { ...atome, access, inherited };
}

export function alterationBodyOf(row: AlterationRow): AlterationBody {
  const superseded = JSON.parse(row.superseded) as string[];
  // the writer is the only one who fills these columns, from the typed union
  const change = { operation: row.operation, changes: JSON.parse(row.changes) as unknown } as Change;
  return newAlteration(row, change, row, { hlc: row.hlc, superseded });
}

export function alterationOf(row: AlterationRow): Alteration | RedactedAlteration {
  const alteration = chained(alterationBodyOf(row), row);
  return isErased(row) ? ({ ...alteration, redacted: true } as unknown as RedactedAlteration) : alteration;
}

export function snapshotText(state: AtomeState, data: string, meta: string): string {
  const { kind, type, parentId, ownerId, createdAt, deletedAt, access, inherited } = state;
  const rest = JSON.stringify({ kind, type, parentId, ownerId, createdAt, deletedAt, access, inherited });
  return `${rest.slice(0, -1)},"data":${data},"meta":${meta}}`;
}

/** The state after a row that has a snapshot. Its clocks are not kept: history decides nothing. */
export function snapshotOf(row: DeltaRow, snapshot: string): AtomeState {
  return { ...snapshotIn(row, snapshot), clocks: {} };
}

/** As {@link snapshotOf}, without clocks. */
export function snapshotIn(row: Pick<DeltaRow, 'atomeId' | 'version' | 'timestamp'>, snapshot: string): Atome {
  const { atomeId: id, version, timestamp: updatedAt } = row;
  return { ...(JSON.parse(snapshot) as Snapshot), id, version, updatedAt };
}
