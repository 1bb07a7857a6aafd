import type { AtomeState, Content } from '../atome.js';
import { AtomeError } from '../errors.js';
import { isObject, type JsonObject, type JsonValue } from '../json.js';
import type { Change, Mutation } from '../operations.js';
import { jsonPatch, pointerTokens, type JsonPatch, type JsonPatchStep, type PatchBudget } from './json-patch.js';
import { DELETED, own, PARTS, type Location, type Part } from './keys.js';
import { isMap, mergePatch } from './merge-patch.js';

/* A change as assignments to keys. */

/** What a change makes of one key. */
export interface Assignment {
  /** `data.<key>`, `meta.<key>`, `kind`, `type`, `parentId` or `deleted`. */
  readonly path: string;
  /** undefined takes the key away. */
  readonly value: JsonValue | undefined;
  /** Of a key of `data` or `meta` what its path says: to take it out of the paths of a large document costs more than all else. */
  readonly location?: Location;
}

function at(part: Part, key: string, value: JsonValue | undefined): Assignment {
  return { path: `${part}.${key}`, value, location: { part, key } };
}

/** How a change may be applied. */
export interface Applying {
  /** What a JSON Patch may do; left out: anything. */
  readonly budget?: PatchBudget;
  /** Nobody else holds the state: values that are patched are changed where they are, so that nothing is copied. */
  readonly isOwned?: boolean;
}

/** Every key that a change writes, with the value that it writes there. @throws AtomeError `patch_failed` */
export function assignments(state: AtomeState, change: Change, how: Applying = {}): Assignment[] {
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
      return steps ? patched(state, steps, how) : merged(state, change.changes as JsonObject, how);
    }
    case 'rename':
      return [at('data', 'name', change.changes.name)];
    case 'tag':
      return [at('meta', 'tags', [...change.changes.tags])];
    case 'delete':
      return [{ path: DELETED, value: true }];
    case 'restore':
      return [...wholes(state, change.changes), { path: DELETED, value: false }];
    case 'share':
      return [];
  }
}

function entries(part: Part, values: JsonObject): Assignment[] {
  return Object.keys(values).map((key) => at(part, key, values[key]));
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
    for (const each of entries(part, values)) result.push(each);
    for (const key of Object.keys(state[part])) {
      if (!Object.hasOwn(values, key)) result.push(at(part, key, undefined));
    }
  }
  return result;
}

/** Whether a change says of every key of a part what it is, so that those which it does not name are absent. */
export function setsWhole(change: Change, part: Part): boolean {
  return (change.operation === 'replace' || change.operation === 'restore') && change.changes[part] !== undefined;
}

function merged(state: AtomeState, patch: JsonObject, { isOwned }: Applying): Assignment[] {
  const merge = isOwned ? mergeInto : mergePatch;
  return Object.keys(patch).map((key) => {
    const value = patch[key] ?? null;
    return at('data', key, value === null ? undefined : merge(own(state.data, key), value));
  });
}

/** As {@link mergePatch}, with a target that is changed. */
function mergeInto(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isMap(patch)) return patch;
  const result = isMap(target) ? target : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key] ?? null;
    if (value === null) delete result[key];
    else result[key] = mergeInto(result[key], value);
  }
  return result;
}

function patched(state: AtomeState, steps: JsonPatch, { budget, isOwned }: Applying): Assignment[] {
  const written = new Set(steps.flatMap(pointersWritten));
  const named = pointersNamed(steps);
  const before = written.has('') ? Object.keys(state.data) : [];
  const copy = isOwned ? (same: JsonValue): JsonValue => same : undefined;
  const after = jsonPatch(named.has('') ? state.data : some(state.data, keysOf(named)), steps, budget, copy);
  if (!isObject(after)) {
    throw new AtomeError('patch_failed', 'the patch would turn data into something other than an object');
  }
  const touched = keysOf(written);
  // a pointer to the whole document touches every key; once, however many steps there are
  if (written.has('')) [...before, ...Object.keys(after)].forEach((key) => touched.add(key));
  return [...touched].map((key) => at('data', key, own(after, key)));
}

function pointersWritten(step: JsonPatchStep): string[] {
  if (step.op === 'test') return [];
  return step.op === 'move' ? [step.from, step.path] : [step.path];
}

function pointersNamed(steps: JsonPatch): Set<string> {
  // others may have a member of that name, which says nothing
  const from = (step: JsonPatchStep): string[] => (step.op === 'move' || step.op === 'copy' ? [step.from] : []);
  return new Set(steps.flatMap((step) => [...from(step), step.path]));
}

/** The keys of the document that pointers lead through. */
function keysOf(pointers: Iterable<string>): Set<string> {
  const keys = new Set<string>();
  for (const pointer of pointers) for (const key of pointerTokens(pointer).slice(0, 1)) keys.add(key);
  return keys;
}

/** The keys of `data` and `meta` that a change asks for or writes; undefined where that may be any of them. */
export function keysNamed(change: Change | Mutation): Readonly<Record<Part, readonly string[]>> | undefined {
  switch (change.operation) {
    case 'update':
      return { data: Object.keys(change.changes), meta: [] };
    case 'patch': {
      const steps = patchSteps(change);
      if (!steps) return { data: Object.keys(change.changes), meta: [] };
      const named = pointersNamed(steps);
      return named.has('') ? undefined : { data: [...keysOf(named)], meta: [] };
    }
    case 'rename':
      return { data: ['name'], meta: [] };
    case 'tag':
      return { data: [], meta: ['tags'] };
    case 'delete':
    case 'share':
      return { data: [], meta: [] };
    default:
      return undefined;
  }
}

/** The values of some keys: what a patch does not name need not be copied for it. */
function some(data: JsonObject, keys: Iterable<string>): JsonObject {
  const result: JsonObject = {};
  for (const key of keys) if (Object.hasOwn(data, key)) result[key] = data[key]!;
  return result;
}

/** The steps of a JSON Patch; undefined for every other change. */
export function patchSteps(change: Change): JsonPatch | undefined {
  return change.operation === 'patch' && Array.isArray(change.changes) ? (change.changes as JsonPatch) : undefined;
}
