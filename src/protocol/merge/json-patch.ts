import { AtomeError, MAX_PATH_CHARS } from '../errors.js';
import { isObject, type JsonValue } from '../json.js';

/** One step of a JSON Patch (RFC 6902). */
export type JsonPatchStep =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

/** A JSON Patch (RFC 6902): its steps are done in order, all or none. */
export type JsonPatch = readonly JsonPatchStep[];

const INDEX = /^(?:0|[1-9]\d*)$/;

/** The tokens of a JSON Pointer (RFC 6901). */
export function pointerTokens(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replace(/~1/g, '/').replace(/~0/g, '~'));
}

/** What the steps of a patch may do together: a few bytes of it can name as much of the document as they like. */
export interface PatchBudget {
  /** Most values that all `copy` steps together may add: a chain of copies doubles the document with each step. */
  readonly values: number;
  /** Most characters that they may add. */
  readonly chars: number;
}

const UNBOUNDED: PatchBudget = { values: Infinity, chars: Infinity };

/** How often the elements of as many characters may be moved: that takes far less time than to copy them. */
const MOVES_PER_CHAR = 16;
/** What it takes to look at a key, in moves of an element. */
const KEY_MOVES = 64;

/**
 * JSON Patch (RFC 6902): the patched value; the document is not changed.
 * @param copy makes what is patched of the document; one that nobody else holds need not be copied.
 * @throws AtomeError `patch_failed` when a step does not fit the document, or the budget: then nothing is applied.
 */
export function jsonPatch(
  document: JsonValue,
  steps: JsonPatch,
  { values, chars }: PatchBudget = UNBOUNDED,
  copy: (document: JsonValue) => JsonValue = structuredClone,
): JsonValue {
  const root: Root = { value: copy(document), values, chars, moves: chars * MOVES_PER_CHAR };
  steps.forEach((step, index) => applyStep(root, step, index));
  return root.value;
}

/** The document as the steps so far have left it, and what those to come may still do. */
interface Root {
  value: JsonValue;
  values: number;
  chars: number;
  moves: number;
}

function applyStep(root: Root, step: JsonPatchStep, index: number): void {
  const fail = (pointer: string, why: string): never => {
    throw new AtomeError(
      'patch_failed',
      `step ${index} (${step.op} ${told(step.path)}) does not fit: "${told(pointer)}" ${why}; read the atome again and rebuild the patch`,
      { step: index, path: told(pointer) },
    );
  };
  switch (step.op) {
    case 'add':
      insert(root, step.path, structuredClone(step.value), fail);
      break;
    case 'replace':
      read(root, step.path, fail);
      if (step.path === '') root.value = structuredClone(step.value);
      else assign(root, step.path, structuredClone(step.value), fail);
      break;
    case 'test':
      if (!isSame(root, read(root, step.path, fail), step.value, { pointer: step.path, fail }))
        fail(step.path, 'has another value');
      break;
    case 'remove':
      take(root, step.path, fail);
      break;
    case 'copy': {
      const source = read(root, step.from, fail);
      charge(root, source, step.from, fail);
      insert(root, step.path, structuredClone(source), fail);
      break;
    }
    case 'move':
      if (step.path.startsWith(`${step.from}/`)) fail(step.from, 'cannot be moved into itself');
      read(root, step.from, fail);
      if (step.path !== step.from) insert(root, step.path, take(root, step.from, fail), fail);
      break;
  }
}

/** What comes back stays small. */
function told(pointer: string): string {
  return pointer.slice(0, MAX_PATH_CHARS);
}

type Fail = (pointer: string, why: string) => never;

/** Where a step looks, and how it is refused. */
interface Place {
  readonly pointer: string;
  readonly fail: Fail;
}

/** Takes what a copy adds out of the budget before it is made, and no longer than there is any. */
function charge(root: Root, value: JsonValue, pointer: string, fail: Fail): void {
  root.values -= 1;
  if (typeof value === 'string') root.chars -= value.length;
  if (root.values < 0) fail(pointer, 'makes the patch copy too many values');
  if (root.chars < 0) fail(pointer, 'makes the patch copy too many characters');
  if (Array.isArray(value)) for (const each of value) charge(root, each, pointer, fail);
  else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      root.chars -= key.length;
      charge(root, value[key]!, pointer, fail);
    }
  }
}

/** Takes the moving of elements out of the budget. */
function chargeMoves(root: Root, moves: number, pointer: string, fail: Fail): void {
  root.moves -= moves;
  if (root.moves < 0) fail(pointer, 'makes the patch move or compare too much');
}

/** Structural equality, as `equalJson` has it: only what the step names may be cheap, so each key that is looked at counts. */
function isSame(root: Root, value: JsonValue, named: JsonValue, at: Place): boolean {
  if (!isObject(value) || !isObject(named)) {
    if (!Array.isArray(value) || !Array.isArray(named)) return value === named;
    return value.length === named.length && value.every((each, index) => isSame(root, each, named[index]!, at));
  }
  const keys = Object.keys(value);
  chargeMoves(root, keys.length * KEY_MOVES, at.pointer, at.fail);
  return (
    keys.length === Object.keys(named).length &&
    keys.every((key) => Object.hasOwn(named, key) && isSame(root, value[key]!, named[key]!, at))
  );
}

/** The value under one token, or undefined when there is none. */
function child(container: JsonValue, token: string): JsonValue | undefined {
  if (Array.isArray(container)) return INDEX.test(token) ? container[Number(token)] : undefined;
  return isObject(container) && Object.hasOwn(container, token) ? container[token] : undefined;
}

function read(root: Root, pointer: string, fail: Fail): JsonValue {
  let value: JsonValue | undefined = root.value;
  for (const token of pointerTokens(pointer)) {
    value = child(value, token);
    if (value === undefined) return fail(pointer, 'does not exist');
  }
  return value;
}

function parentOf(root: Root, pointer: string, fail: Fail): { container: JsonValue; token: string } {
  const cut = pointer.lastIndexOf('/');
  return {
    container: read(root, pointer.slice(0, cut), fail),
    token: pointerTokens(pointer.slice(cut))[0]!,
  };
}

function insert(root: Root, pointer: string, value: JsonValue, fail: Fail): void {
  if (pointer === '') {
    root.value = value;
    return;
  }
  const { container, token } = parentOf(root, pointer, fail);
  if (Array.isArray(container)) {
    const at = token === '-' ? container.length : INDEX.test(token) ? Number(token) : -1;
    if (at < 0 || at > container.length) fail(pointer, 'is outside the array');
    chargeMoves(root, container.length - at, pointer, fail);
    container.splice(at, 0, value);
  } else if (isObject(container)) {
    container[token] = value;
  } else {
    fail(pointer, 'has a parent that is neither object nor array');
  }
}

/** Sets what is known to exist. */
function assign(root: Root, pointer: string, value: JsonValue, fail: Fail): void {
  const { container, token } = parentOf(root, pointer, fail);
  if (Array.isArray(container)) container[Number(token)] = value;
  else (container as Record<string, JsonValue>)[token] = value;
}

function take(root: Root, pointer: string, fail: Fail): JsonValue {
  const value = read(root, pointer, fail);
  if (pointer === '') return fail(pointer, 'is the whole document and cannot be removed');
  const { container, token } = parentOf(root, pointer, fail);
  if (Array.isArray(container)) {
    chargeMoves(root, container.length - Number(token), pointer, fail);
    container.splice(Number(token), 1);
  } else delete (container as Record<string, JsonValue>)[token];
  return value;
}
