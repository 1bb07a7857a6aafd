import type { AskedAccess, Rights } from '../access.js';
import type { Content } from '../atome.js';
import { invalid } from '../errors.js';
import { HLC_PATTERN } from '../hlc.js';
import { ID_PATTERN, KIND_PATTERN, MAX_VERSION, NEW_ID_PATTERN, OP_ID_PATTERN } from '../ids.js';
import type { JsonPatch, JsonPatchStep } from '../merge/json-patch.js';
import { checkJson, isObject, jsonOf, type JsonObject } from '../json.js';
import type { Limits } from '../limits.js';
import type { KeyOperation, Mutation, Operation, RequestedChange } from '../operations.js';
import { ACCESS_TEXT, readAccess } from './access.js';
import type { Fields } from './fields.js';

/* The fields that writes are made of, under the names that they have in every call and message. */

const ID_TEXT = '1–128 characters of A–Z a–z 0–9 _ . : -, and not "list", "." or ".."';
const NEW_ID_TEXT = '1–128 characters of A–Z a–z 0–9 _ . : -, and not "list", "null", "." or ".."';
const KIND_TEXT = '1–64 characters of A–Z a–z 0–9 _ . : -';
// PostgreSQL stores neither NUL nor half a surrogate pair as text; no other control character helps a reader.
// eslint-disable-next-line no-control-regex -- control characters are what it is about
const PLAIN_TEXT = /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\p{Cs}]*$/u;

/**
 * Refuses a value that is too deep, too large, has forbidden keys or what JSON does not carry, before anything walks it.
 * @returns what JSON makes of it: code may hand in dates, and members that are undefined, which the ledger would not keep as
 * they are.
 */
export function guardJson(value: unknown, limits: Limits): unknown {
  const found = { isJson: true };
  const problem = checkJson(value, limits, found);
  if (problem) throw invalid([problem], problem.code);
  return found.isJson ? value : jsonOf(value);
}

/** @throws AtomeError `invalid` for an id that no atome can have. */
export function parseId(id: unknown, path = 'id'): string {
  if (typeof id === 'string' && ID_PATTERN.test(id)) return id;
  throw invalid([{ path, message: `must be ${ID_TEXT}` }]);
}

/** @throws AtomeError `invalid` for a malformed opId or `Idempotency-Key`. */
export function parseOpId(opId: string, path: string): string {
  if (OP_ID_PATTERN.test(opId)) return opId;
  throw invalid([{ path, message: 'must be 1–200 visible ASCII characters' }]);
}

export function takeId(fields: Fields, name: string): string {
  return fields.text(name, ID_PATTERN, ID_TEXT);
}

/** The id that a `create` gives. */
export function takeNewId(fields: Fields, name: string): string {
  return fields.text(name, NEW_ID_PATTERN, NEW_ID_TEXT);
}

/** As {@link takeNewId}; null where the server is to make one. */
export function takeNewIdOrNull(fields: Fields, name: string): string | null {
  return fields.textOr(name, NEW_ID_PATTERN, NEW_ID_TEXT, null);
}

export function takeParentId(fields: Fields): string | null {
  return fields.textOrNull('parentId', ID_PATTERN, ID_TEXT);
}

/** The parent that a write gives. */
function takeNewParentId(fields: Fields): string | null {
  return fields.textOrNull('parentId', NEW_ID_PATTERN, NEW_ID_TEXT);
}

export function takeOpId(fields: Fields): string {
  return fields.text('opId', OP_ID_PATTERN, '1–200 visible ASCII characters');
}

export function takeHlc(fields: Fields): string | null {
  return fields.textOr(
    'hlc',
    HLC_PATTERN,
    'a stamp like 000001700000000000-0000-node: 15 digits, 4 hex digits, a node id',
    null,
  );
}

export function takeReason(fields: Fields, limits: Limits): string | null {
  const reason = fields.textOrNull('reason', PLAIN_TEXT, 'text without control characters');
  if (reason === null || reason.length <= limits.reasonChars) return reason;
  fields.fail('reason', `must be at most ${limits.reasonChars} characters`);
  return null;
}

export function takeBaseVersion(fields: Fields): number | null {
  return fields.integerOr('baseVersion', 1, null);
}

export function takeKinds(fields: Fields, name: 'kinds' | 'types'): string[] | undefined {
  return fields.texts(name, KIND_PATTERN, KIND_TEXT);
}

export function takeIds(fields: Fields, name: 'ids'): string[] | undefined {
  return fields.texts(name, ID_PATTERN, ID_TEXT);
}

/**
 * The name of the field that holds an atome's type: in a frame, `type` already says which message it is.
 */
export type TypeField = 'type' | 'atomeType';

/** What a write says besides what it changes. */
export type Envelope<OpId = string | null> = Pick<Mutation, 'baseVersion' | 'hlc' | 'atomeId' | 'reason'> & {
  readonly opId: OpId;
};

/**
 * A parsed write, written out: V8 gives each object that is spread together a hidden class of its own once the code is hot,
 * and those go to the old generation.
 */
export function mutationOf<OpId extends string | null>(
  { opId, baseVersion, hlc, atomeId, reason }: Envelope<OpId>,
  { operation, changes }: RequestedChange,
  freshId = false,
): Mutation & { readonly opId: OpId } {
  const fields = { opId, baseVersion, hlc, atomeId, reason, operation, changes };
  if (freshId) Object.assign(fields, { freshId });
  // the operation and its changes come out of one value
  return fields as Mutation & { readonly opId: OpId };
}

/** Everything that a `create` needs. */
export function takeContent(fields: Fields, typeField: TypeField): Content & Rights {
  const content = {
    kind: fields.text('kind', KIND_PATTERN, KIND_TEXT),
    type: fields.textOrNull(typeField, KIND_PATTERN, KIND_TEXT),
    data: fields.object('data'),
    meta: fields.objectOr('meta', {}),
    parentId: takeNewParentId(fields),
  };
  return fields.has('access') ? { ...content, access: takeAccess(fields) } : content;
}

/** Who may see and alter an atome. */
export function takeAccess(fields: Fields): AskedAccess {
  return checkedAccess(fields.raw('access'), 'access', fields);
}

function checkedAccess(value: unknown, at: string, fields: Fields): AskedAccess {
  const access = readAccess(value);
  if (access === undefined) fields.fail(at, `must be ${ACCESS_TEXT}`);
  return access ?? 'private';
}

/** The parts that a `replace` sets whole: those that are named. */
export function takeParts(fields: Fields, typeField: TypeField): Partial<Content> {
  const parts: { -readonly [K in keyof Content]?: Content[K] } = {};
  if (fields.has('kind')) parts.kind = fields.text('kind', KIND_PATTERN, KIND_TEXT);
  if (fields.has(typeField)) parts.type = fields.textOrNull(typeField, KIND_PATTERN, KIND_TEXT);
  if (fields.has('data')) parts.data = fields.object('data');
  if (fields.has('meta')) parts.meta = fields.object('meta');
  if (fields.has('parentId')) parts.parentId = takeNewParentId(fields);
  if (Object.keys(parts).length === 0)
    fields.fail('', `must name at least one of data, meta, parentId, kind, ${typeField}`);
  return parts;
}

/** @throws AtomeError `invalid` at once: what the other fields must be depends on the operation. */
export function takeOperation<O extends Operation>(fields: Fields, allowed: readonly O[]): O {
  const value = fields.raw('operation');
  if (allowed.includes(value as O)) return value as O;
  fields.fail('operation', `must be one of ${allowed.join(', ')}`);
  throw invalid(fields.issues);
}

/** The changes of the operations that alter an atome key by key. */
export function takeChanges(fields: Fields, operation: KeyOperation | 'restore' | 'share'): RequestedChange {
  const raw = fields.raw('changes');
  if (operation === 'patch' && Array.isArray(raw)) {
    return { operation, changes: parseJsonPatch(raw, fields) };
  }
  const changes = fields.object('changes');
  switch (operation) {
    case 'update':
    case 'patch':
      return { operation, changes };
    case 'rename':
      return { operation, changes: { name: takeName(changes, fields) } };
    case 'tag':
      return { operation, changes: { tags: takeTags(changes, fields) } };
    case 'restore':
      only(changes, 'version', fields);
      return { operation, changes: { version: takeVersion(changes, fields) } };
    case 'share':
      only(changes, 'access', fields);
      return { operation, changes: { access: checkedAccess(changes.access, 'changes.access', fields) } };
  }
}

function takeName(changes: JsonObject, fields: Fields): string {
  only(changes, 'name', fields);
  if (typeof changes.name === 'string') return changes.name;
  fields.fail('changes.name', 'must be the new name, a text');
  return '';
}

function takeTags(changes: JsonObject, fields: Fields): string[] {
  only(changes, 'tags', fields);
  const { tags } = changes;
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  fields.fail('changes.tags', 'must be an array of texts');
  return [];
}

/** The version that the changes of a `restore` name, whatever else is in them. */
export function takeVersion(changes: JsonObject, fields: Fields): number {
  const { version } = changes;
  if (Number.isInteger(version) && (version as number) >= 1 && (version as number) <= MAX_VERSION) {
    return version as number;
  }
  fields.fail('changes.version', 'must be the number of the version to go back to, 1 or more');
  return 1;
}

function only(changes: JsonObject, key: string, fields: Fields): void {
  for (const name of Object.keys(changes)) {
    if (name !== key) fields.fail(`changes.${name}`, `is not a field here; the field is ${key}`);
  }
}

const POINTER = /^(?:\/(?:[^~]|~[01])*)?$/;
const STEP_OPS = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

/** JSON Patch steps (RFC 6902), checked for form only; whether they fit is decided against the state. */
export function parseJsonPatch(input: readonly unknown[], fields: Fields): JsonPatch {
  input.forEach((step, index) => {
    const at = `changes.${index}`;
    if (!isObject(step)) return fields.fail(at, 'must be a JSON Patch step, an object');
    if (!STEP_OPS.includes(step.op as string)) return fields.fail(`${at}.op`, `must be one of ${STEP_OPS.join(', ')}`);
    checkPointer(step.path, `${at}.path`, fields);
    if (step.op === 'move' || step.op === 'copy') checkPointer(step.from, `${at}.from`, fields);
    else if (step.op !== 'remove' && step.value === undefined)
      fields.fail(`${at}.value`, `is required for ${String(step.op)}`);
  });
  return input as readonly JsonPatchStep[];
}

function checkPointer(pointer: unknown, at: string, fields: Fields): void {
  if (typeof pointer !== 'string' || !POINTER.test(pointer)) {
    fields.fail(at, 'must be a JSON Pointer such as "/title" or "/list/0"');
  } else if (/(?:^|\/)(?:__proto__|constructor|prototype)(?:\/|$)/.test(pointer)) {
    fields.fail(at, 'names a key that is not allowed');
  }
}
