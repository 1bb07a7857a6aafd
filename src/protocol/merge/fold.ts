import { effectiveAccess, normalizedRights, type Audience, type Rights } from '../access.js';
import type { AtomeState, Content } from '../atome.js';
import type { AlterationBody } from '../alteration.js';
import { AtomeError, invalid } from '../errors.js';
import type { Hlc } from '../hlc.js';
import { jsonPatch, pointerTokens, type JsonPatch, type JsonPatchStep, type PatchBudget } from './json-patch.js';
import { checkJson, equalJson, isObject, type JsonObject, type JsonValue } from '../json.js';
import { BASE, clockAt, DELETED, forget, locate, newer, own, PARTS, valueAt, type Part } from './keys.js';
import type { Limits } from '../limits.js';
import { mergePatch } from './merge-patch.js';
import type { Change, ReadyMutation, Tombstone } from '../operations.js';

/*
 * From alterations to state. Two pure functions: `decide` says what a write would do to a state, `fold`
 * does what was decided. Server, history and the SDK's optimistic view use the same two.
 *
 * Both see a change as assignments to keys. A key is the unit of conflict: one top-level key of `data` or
 * `meta`, `kind`, `type`, `parentId`, and the deletion mark.
 */

interface Assignment {
  /** `data.<key>`, `meta.<key>`, `kind`, `type`, `parentId` or `deleted`. */
  readonly path: string;
  /** undefined takes the key away. */
  readonly value: JsonValue | undefined;
}

/** What a write does: nothing, or an alteration that is older than what it met on some keys. */
export type Decision =
  { readonly outcome: 'noop' } | { readonly outcome: 'applied'; readonly superseded: readonly string[] };

const NOOP: Decision = { outcome: 'noop' };
const REDACTED = 'redacted';

/** What an alteration must tell for the fold. */
export type Foldable = Change &
  Pick<AlterationBody, 'atomeId' | 'version' | 'hlc' | 'timestamp' | 'author' | 'superseded'>;

/**
 * Decides one write against the state it meets. Last writer wins for each key by `hlc`; where the stamps
 * are equal the later arrival wins. JSON Patch steps apply to the value as it is.
 * @throws AtomeError `not_found`, `exists`, `gone`, `conflict` or `patch_failed`.
 */
export function decide(
  state: AtomeState | null,
  mutation: ReadyMutation,
  hlc: Hlc,
  limits: Pick<Limits, 'jsonDepth' | 'jsonNodes' | 'messageBytes'>,
): Decision {
  if (mutation.operation === 'create') return decideCreate(state, mutation.atomeId, mutation.changes);
  if (!state) {
    throw new AtomeError('not_found', `there is no atome "${mutation.atomeId}"; create it first`);
  }
  if (isRedacted(state)) {
    if (mutation.operation === 'redact') return NOOP;
    throw redacted(state);
  }
  if (mutation.baseVersion !== null && mutation.baseVersion !== state.version) {
    throw new AtomeError(
      'conflict',
      `the write is based on version ${mutation.baseVersion}, but the atome is at version ${state.version}; read it again and repeat`,
      { version: state.version },
    );
  }
  if (mutation.operation === 'redact') return { outcome: 'applied', superseded: [] };
  if (state.deletedAt !== null && mutation.operation !== 'restore' && mutation.operation !== 'delete') {
    throw gone(state);
  }
  // never superseded by clocks: taking a right away must not lose against a clock that is fast
  if (mutation.operation === 'share') {
    return sameRights(state, mutation.changes) ? NOOP : { outcome: 'applied', superseded: [] };
  }
  const steps = patchSteps(mutation);
  const changed = assignments(state, mutation, { values: limits.jsonNodes, chars: limits.messageBytes }).filter(
    ({ path, value }) => !equalJson(valueAt(state, path), value),
  );
  if (changed.length === 0) return NOOP;
  if (steps) {
    changed.forEach(({ path, value }) => {
      const problem = value === undefined ? undefined : checkJson({ [path]: value }, limits);
      if (problem) throw invalid([{ ...problem, path: problem.path || path }], problem.code);
    });
    return { outcome: 'applied', superseded: [] };
  }
  return {
    outcome: 'applied',
    superseded: changed.map(({ path }) => path).filter((path) => (clockAt(state, path) ?? '') > hlc),
  };
}

/** The state after one alteration. The first of an atome, a `create`, takes null. */
export function fold(state: AtomeState | null, alteration: Foldable): AtomeState {
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
  if (!state) throw new Error(`cannot fold ${alteration.operation} of "${atomeId}" onto nothing`);
  const clocks = { ...state.clocks };
  const next: Draft = { ...state, version, updatedAt: timestamp, clocks };
  if (alteration.operation === 'share') return withRights(next, alteration.changes);
  const emptied = new Set(PARTS.filter((part) => setsWhole(alteration, part)));
  for (const part of emptied) clocks[part] = newer(clocks[part], hlc);
  for (const { path, value } of assignments(state, alteration)) {
    if (alteration.superseded.includes(path)) continue;
    clocks[path] = newer(clockAt(state, path), hlc);
    assign(next, state, path, value, timestamp);
    if (value === undefined) emptied.add(locate(path)!.part);
  }
  for (const part of emptied) forget(clocks, part, next[part]);
  const { inherited } = alteration.changes as Rights;
  const moved = alteration.operation === 'replace' || alteration.operation === 'restore';
  return moved && inherited !== undefined && state.access === 'inherit'
    ? withRights(next, { access: 'inherit', inherited })
    : next;
}

function withRights({ access: _access, inherited: _inherited, ...rest }: AtomeState, rights: Rights): AtomeState {
  return { ...rest, ...normalizedRights(rights) };
}

/** Whether two atomes say the same of who may do what. */
export function sameRights(one: Rights, other: Rights): boolean {
  const inherits = one.access === 'inherit';
  if (inherits !== (other.access === 'inherit')) return false;
  return equalJson(effectiveAccess(one), effectiveAccess(other));
}

/** The parts of a state that a `create` or a `restore` would write. */
export function contentOf({ kind, type, data, meta, parentId }: Content): Content {
  return { kind, type, data, meta, parentId };
}

/** What a `redact` leaves of a state. */
export function tombstoneOf(
  { kind, type, parentId, ownerId, createdAt, access, inherited }: Tombstone,
  audience?: Audience,
): Tombstone {
  return {
    kind,
    type,
    parentId,
    ownerId,
    createdAt,
    ...normalizedRights({ access, inherited }),
    ...(audience && { audience }),
  };
}

/** Whether the payload of an atome has been erased: then it can neither be written nor restored. */
export function isRedacted({ clocks }: Pick<AtomeState, 'clocks'>): boolean {
  return Object.hasOwn(clocks, REDACTED);
}

/** The refusal of whatever would need the payload of an erased atome. */
export function redacted({ id, version, deletedAt }: Pick<AtomeState, 'id' | 'version' | 'deletedAt'>): AtomeError {
  return new AtomeError('gone', `the atome "${id}" was erased for good; make another one, under another id`, {
    version,
    deletedAt,
    redacted: true,
  });
}

function decideCreate(state: AtomeState | null, id: string, content: Content & Rights): Decision {
  if (!state) return { outcome: 'applied', superseded: [] };
  if (isRedacted(state)) throw redacted(state);
  if (state.deletedAt !== null) throw gone(state);
  // who asks for no access takes what there is
  const asSaid = content.access === undefined || sameRights(state, content);
  if (asSaid && equalJson(contentOf(state), contentOf(content))) return NOOP;
  throw new AtomeError('exists', `there is already another atome "${id}"; alter it, or create one with another id`, {
    version: state.version,
  });
}

function gone(state: AtomeState): AtomeError {
  return new AtomeError('gone', `the atome "${state.id}" was deleted; restore it first`, {
    version: state.version,
    deletedAt: state.deletedAt,
  });
}

function patchSteps(change: Change): JsonPatch | undefined {
  return change.operation === 'patch' && Array.isArray(change.changes) ? (change.changes as JsonPatch) : undefined;
}

function assignments(state: AtomeState, change: Change, budget?: PatchBudget): Assignment[] {
  switch (change.operation) {
    case 'redact':
      return []; // it takes everything: fold begins anew
    case 'create':
      return wholes(state, change.changes);
    case 'update':
      return entries('data', change.changes);
    case 'replace':
      return wholes(state, change.changes);
    case 'patch': {
      const steps = patchSteps(change);
      return steps ? patched(state, steps, budget) : merged(state, change.changes as JsonObject);
    }
    case 'rename':
      return [{ path: 'data.name', value: change.changes.name }];
    case 'tag':
      return [{ path: 'meta.tags', value: [...change.changes.tags] }];
    case 'delete':
      return [{ path: DELETED, value: true }];
    case 'restore':
      return [...wholes(state, change.changes), { path: DELETED, value: false }];
    case 'share':
      return [];
  }
}

function entries(part: Part, values: JsonObject): Assignment[] {
  return Object.keys(values).map((key) => ({ path: `${part}.${key}`, value: values[key] }));
}

/** Each named part set whole: its keys, and the keys it no longer has. */
function wholes(state: AtomeState, content: Partial<Content>): Assignment[] {
  const result: Assignment[] = [];
  for (const field of ['kind', 'type', 'parentId'] as const) {
    const value = content[field];
    if (value !== undefined) result.push({ path: field, value });
  }
  for (const part of PARTS) {
    const values = content[part];
    if (values === undefined) continue;
    result.push(...entries(part, values));
    for (const key of Object.keys(state[part])) {
      if (!Object.hasOwn(values, key)) result.push({ path: `${part}.${key}`, value: undefined });
    }
  }
  return result;
}

/** Whether a change says of every key of a part what it is, so that those which it does not name are absent. */
function setsWhole(change: Change, part: Part): boolean {
  return (change.operation === 'replace' || change.operation === 'restore') && change.changes[part] !== undefined;
}

function merged(state: AtomeState, patch: JsonObject): Assignment[] {
  return Object.keys(patch).map((key) => {
    const value = patch[key] ?? null;
    return { path: `data.${key}`, value: value === null ? undefined : mergePatch(own(state.data, key), value) };
  });
}

function patched(state: AtomeState, steps: JsonPatch, budget?: PatchBudget): Assignment[] {
  const written = new Set(steps.flatMap(pointersWritten));
  const named = new Set([...written, ...steps.flatMap((step) => ('from' in step ? [step.from] : [step.path]))]);
  const after = jsonPatch(named.has('') ? state.data : some(state.data, keysOf(named)), steps, budget);
  if (!isObject(after)) {
    throw new AtomeError('patch_failed', 'the patch would turn data into something other than an object');
  }
  const touched = keysOf(written);
  // a pointer to the whole document touches every key; once, however many steps there are
  if (written.has('')) [...Object.keys(state.data), ...Object.keys(after)].forEach((key) => touched.add(key));
  return [...touched].map((key) => ({ path: `data.${key}`, value: own(after, key) }));
}

function pointersWritten(step: JsonPatchStep): string[] {
  if (step.op === 'test') return [];
  return step.op === 'move' ? [step.from, step.path] : [step.path];
}

/** The keys of the document that pointers lead through. */
function keysOf(pointers: Iterable<string>): Set<string> {
  const keys = new Set<string>();
  for (const pointer of pointers) for (const key of pointerTokens(pointer).slice(0, 1)) keys.add(key);
  return keys;
}

/** The values of some keys: what a patch does not name need not be copied for it. */
function some(data: JsonObject, keys: Iterable<string>): JsonObject {
  const result: JsonObject = {};
  for (const key of keys) if (Object.hasOwn(data, key)) result[key] = data[key]!;
  return result;
}

type Draft = { -readonly [K in keyof AtomeState]: AtomeState[K] };

/** Writes one key of a draft; `data` and `meta` are copied before their first change. */
function assign(draft: Draft, before: AtomeState, path: string, value: JsonValue | undefined, timestamp: string): void {
  if (path === DELETED) {
    draft.deletedAt = value === true ? (before.deletedAt ?? timestamp) : null;
    return;
  }
  const place = locate(path);
  if (!place) {
    Object.assign(draft, { [path]: value });
    return;
  }
  if (draft[place.part] === before[place.part]) draft[place.part] = { ...before[place.part] };
  if (value === undefined) delete draft[place.part][place.key];
  else draft[place.part][place.key] = value;
}
