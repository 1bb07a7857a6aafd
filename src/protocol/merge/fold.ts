import { normalizedRights, type Rights } from '../access.js';
import type { AlterationBody } from '../alteration.js';
import type { AtomeState } from '../atome.js';
import type { Hlc } from '../hlc.js';
import type { JsonObject } from '../json.js';
import type { Change } from '../operations.js';
import { assignments, setsWhole, type Assignment } from './assignments.js';
import { areTooMany, BASE, boundStamps, clockAt, DELETED, forget, newer, PARTS, type Part } from './keys.js';
import { REDACTED } from './tombstone.js';

/*
 * From alterations to state. Two pure functions: `decide` says what a write would do to a state, `fold`
 * does what was decided. Server and history use the same two.
 *
 * Both see a change as assignments to keys. A key is the unit of conflict: one top-level key of `data` or
 * `meta`, `kind`, `type`, `parentId`, and the deletion mark.
 */

/** What an alteration must tell for the fold. */
export type Foldable = Change &
  Pick<AlterationBody, 'atomeId' | 'version' | 'hlc' | 'timestamp' | 'author' | 'superseded'>;

type Draft = { -readonly [K in keyof AtomeState]: AtomeState[K] };

/** What is known before an alteration is folded. */
export interface FoldHints {
  /** What it makes of the keys that it writes. */
  readonly written?: readonly Assignment[] | undefined;
  /** Of a state with the keys only that the alteration names: whether there is another. */
  readonly isElsewhere?: ((part: Part, key: string) => boolean) | undefined;
}

/** The state after one alteration; the one before it stays as it is. The first of an atome, a `create`, takes null. */
export function fold(state: AtomeState | null, alteration: Foldable, hints: FoldHints = {}): AtomeState {
  if (!state || startsAnew(alteration)) return first(alteration);
  const next: Draft = { ...state };
  const own = (part: Part): void => {
    if (next[part] === state[part]) next[part] = copyOf(state[part]);
  };
  const clocks: Record<string, Hlc> = { ...state.clocks };
  const { written = assignments(state, alteration), isElsewhere = () => false } = hints;
  const emptied = advance(next, alteration, { clocks, written, own });
  next.clocks = clocks;
  const isThere = (part: Part, key: string): boolean => Object.hasOwn(next[part], key) || isElsewhere(part, key);
  for (const part of emptied) forget(clocks, part, isThere);
  boundStamps(clocks, isThere);
  return next;
}

/**
 * As {@link fold}, onto a state that nobody else holds: it is changed in place, so that what an alteration costs does not
 * grow with the document. For history, which decides nothing: its keys get no stamps.
 */
export function foldOnto(state: AtomeState | null, alteration: Foldable): AtomeState {
  if (!state || startsAnew(alteration)) return first(alteration);
  const { operation, changes, superseded, version, timestamp } = alteration;
  if (operation === 'update' && superseded.length === 0) {
    // without an assignment for each key: large documents are made of large updates
    Object.assign(state.data, changes);
    return Object.assign(state, { version, updatedAt: timestamp });
  }
  // what has lost stays as it was
  const written = assignments(state, alteration, { isOwned: superseded.length === 0 });
  advance(state, alteration, { written, own: () => undefined });
  return state;
}

function startsAnew({ operation }: Foldable): boolean {
  return operation === 'create' || operation === 'redact';
}

/** Not a spread, which is slow where the keys are many. */
function copyOf(object: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const key in object) {
    // an assignment would not make a key of it
    if (key === '__proto__') return { ...object };
    copy[key] = object[key]!;
  }
  return copy;
}

/** The state after an alteration that does not ask for the one before it. */
function first(alteration: Foldable): AtomeState {
  const { atomeId, version, hlc, timestamp, author } = alteration;
  if (alteration.operation === 'create') {
    const { kind, type, data, meta, parentId } = alteration.changes;
    return {
      id: atomeId,
      kind,
      type,
      data,
      meta,
      parentId,
      ownerId: author,
      version,
      createdAt: timestamp,
      updatedAt: timestamp,
      deletedAt: null,
      ...normalizedRights(alteration.changes),
      clocks: { [BASE]: hlc },
    };
  }
  if (alteration.operation === 'redact') {
    const { audience: _audience, ...tombstone } = alteration.changes;
    const state = { ...tombstone, data: {}, meta: {}, clocks: { [REDACTED]: hlc } };
    return { id: atomeId, ...state, version, updatedAt: timestamp, deletedAt: timestamp };
  }
  throw new Error(`cannot fold ${alteration.operation} of "${atomeId}" onto nothing`);
}

/** What a draft is advanced with. */
interface Advance {
  /** Where the keys that it writes are stamped, if anywhere. */
  readonly clocks?: Record<string, Hlc>;
  readonly written: readonly Assignment[];
  /** Called before a part of the draft is written to. */
  readonly own: (part: Part) => void;
}

/** Brings a draft to the state after an alteration. @returns the parts out of which it took keys. */
function advance(draft: Draft, alteration: Foldable, { clocks, written, own }: Advance): ReadonlySet<Part> {
  const { version, hlc, timestamp, superseded } = alteration;
  const emptied = new Set(PARTS.filter((part) => setsWhole(alteration, part)));
  const lost = superseded.length > 0 ? new Set(superseded) : undefined;
  if (clocks) for (const part of emptied) clocks[part] = newer(clocks[part], hlc);
  const stamps = clocks && new Stamps(draft, alteration, { clocks, written, wholes: new Set(emptied) });
  for (const assignment of written) {
    const { path, value, location } = assignment;
    if (lost?.has(path)) continue;
    stamps?.set(assignment);
    if (location) own(location.part);
    assign(draft, assignment, timestamp);
    if (value === undefined) emptied.add(location!.part);
  }
  stamps?.end();
  Object.assign(draft, { version, updatedAt: timestamp });
  const { inherited } = alteration.changes as Rights;
  const isReplaced = alteration.operation === 'replace' || alteration.operation === 'restore';
  if (alteration.operation === 'share') setRights(draft, alteration.changes);
  else if (isReplaced && inherited && draft.access === 'inherit') setRights(draft, { access: 'inherit', inherited });
  return emptied;
}

interface Stamped {
  readonly clocks: Record<string, Hlc>;
  readonly written: readonly Assignment[];
  /** The parts that are set whole. */
  readonly wholes: ReadonlySet<Part>;
}

/** Stamps the keys that are written, but for those of wholes that others stand for: they would be dropped at the end. */
class Stamps {
  /** What stands for all keys that are there, where each of its own would be too many. */
  private readonly base: Hlc | undefined;

  constructor(
    private readonly draft: Draft,
    private readonly alteration: Foldable,
    private readonly stamped: Stamped,
  ) {
    const { clocks, written, wholes } = stamped;
    const { hlc } = alteration;
    const isOne = wholes.size > 0 && areTooMany(written.filter(({ value }) => value !== undefined).length, hlc);
    this.base = isOne ? newer(clocks[BASE], hlc) : undefined;
  }

  /** To be called before the key is written. */
  set({ path, value, location }: Assignment): void {
    const { clocks, wholes } = this.stamped;
    const stamp = newer(clockAt(this.draft, path, location), this.alteration.hlc);
    const other =
      location && wholes.has(location.part) ? (value === undefined ? clocks[location.part] : this.base) : undefined;
    if (other === undefined || stamp > other) clocks[path] = stamp;
    else if (path in clocks) delete clocks[path];
  }

  end(): void {
    if (this.base !== undefined) this.stamped.clocks[BASE] = this.base;
  }
}

function setRights(draft: Draft, rights: Rights): void {
  const { access, inherited } = normalizedRights(rights);
  // a right that is the tenant's is left out
  if (access === undefined) delete draft.access;
  else draft.access = access;
  if (inherited === undefined) delete draft.inherited;
  else draft.inherited = inherited;
}

/** Writes one key of a draft. */
function assign(draft: Draft, { path, value, location }: Assignment, timestamp: string): void {
  if (path === DELETED) draft.deletedAt = value === true ? (draft.deletedAt ?? timestamp) : null;
  else if (!location) Object.assign(draft, { [path]: value });
  else if (value === undefined) delete draft[location.part][location.key];
  else draft[location.part][location.key] = value;
}
