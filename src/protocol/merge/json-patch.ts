import { AtomeError } from '../errors.js';
import { equalJson, isObject, type JsonValue } from '../json.js';

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

/**
 * JSON Patch (RFC 6902): the patched value; the document is not changed.
 * @param copyBudget most values that all `copy` steps together may add: a chain of copies doubles the
 *   document with each step.
 * @throws AtomeError `patch_failed` when a step does not fit the document: then nothing is applied.
 */
export function jsonPatch(document: JsonValue, steps: JsonPatch, copyBudget = Infinity): JsonValue {
  const root: Root = { value: structuredClone(document), copyBudget };
  steps.forEach((step, index) => applyStep(root, step, index));
  return root.value;
}

interface Root {
  value: JsonValue;
  copyBudget: number;
}

function applyStep(root: Root, step: JsonPatchStep, index: number): void {
  const fail = (pointer: string, why: string): never => {
    throw new AtomeError(
      'patch_failed',
      `step ${index} (${step.op} ${step.path}) does not fit: "${pointer}" ${why}; read the atome again and rebuild the patch`,
      { step: index, path: pointer },
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
      if (!equalJson(read(root, step.path, fail), step.value)) fail(step.path, 'has another value');
      break;
    case 'remove':
      take(root, step.path, fail);
      break;
    case 'copy': {
      const source = read(root, step.from, fail);
      root.copyBudget -= countValues(source);
      if (root.copyBudget < 0) fail(step.from, 'makes the patch copy too many values');
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

type Fail = (pointer: string, why: string) => never;

function countValues(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, item) => sum + countValues(item), 1);
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
  if (Array.isArray(container)) container.splice(Number(token), 1);
  else delete (container as Record<string, JsonValue>)[token];
  return value;
}
