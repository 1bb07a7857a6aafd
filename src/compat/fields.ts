import { invalid, isObject, type JsonObject, type JsonValue } from '../protocol/index.js';

/*
 * The bodies of the original client in the words of this server. A body whose fields the server knows all is left as
 * it is, so that nothing changes in what the server takes and refuses; so is one with a field that neither knows, but
 * for a PUT of bare fields.
 */

type Body = Readonly<Record<string, unknown>>;

const PARTS = ['kind', 'type', 'meta', 'parentId'] as const;

/** What the server itself takes. */
const CREATE = new Set(['id', ...PARTS, 'data', 'access']);
const REPLACE = new Set([...PARTS, 'data', 'reason']);

/** Which device wrote, and how often: the ledger has its own version and time of each write. */
const STAMPS = ['logicalClock', 'logical_clock', 'deviceId', 'device_id'];
const ALL_STAMPS = new Set([...STAMPS, 'timestamp']);
/** Content that was kept among the properties, which are `data` here. */
const PROPERTIES = ['tag', 'projectId', 'project_id'];
/** What the original client sends in a `create` besides. */
const SENT = new Set([
  ...STAMPS,
  ...PROPERTIES,
  ...['properties', 'snapshot', 'parent', 'parent_id', 'timestamp'],
  ...['createdAt', 'created_at', 'updatedAt', 'updated_at'],
]);
/** And in a PUT: what a server tells of an atome besides its content. */
const TOLD = new Set([
  ...SENT,
  ...['id', 'version', 'ownerId', 'owner', 'owner_id', 'creator', 'access', 'inherited', 'sync_status', 'deleted'],
  ...['deletedAt', 'deleted_at', 'hlc'],
]);

/** What an answer says, so that one who sends an answer back does not make data of it. */
const ANSWERED = new Set([
  ...['success', 'atome', 'alteration', 'version', 'seq', 'hlc', 'ownerId', 'owner_id', 'inherited', 'sync_status'],
  ...['deleted', 'deletedAt', 'deleted_at'],
]);
const NOT_CONTENT =
  'is what an answer tells, and no field to set; send the fields of the atome alone, or keep one of this name in data';

/** The body of a `create`; undefined for one that is not the original client's. */
export function createOf(body: unknown): JsonObject | undefined {
  if (!isObject(body) || !isSpoken(body, CREATE, SENT)) return undefined;
  return given({ ...unknownOf(body, CREATE, SENT), id: body.id, ...contentOf(body), access: body.access });
}

/** What a PUT of the original client sets: an atome whole, as another server told it, or some of its fields. */
export interface Put {
  readonly isWhole: boolean;
  readonly body: JsonObject;
}

/** @returns undefined for a body that is not the original client's. */
export function putOf(id: string, body: unknown): Put | undefined {
  if (!isObject(body) || (body.id !== undefined && body.id !== id)) return undefined;
  if (!isObject(body.data) && !isObject(body.properties)) return bareOf(body);
  if (!isSpoken(body, REPLACE, TOLD)) return undefined;
  const isWhole = ['version', 'createdAt', 'created_at'].some((name) => body[name] !== undefined);
  return { isWhole, body: given({ ...unknownOf(body, REPLACE, TOLD), ...contentOf(body), reason: body.reason }) };
}

/** A PUT of fields without `data`: those that are no part of an atome are fields of `data`, but for those of an answer. */
function bareOf(body: Body): Put | undefined {
  const isField = (name: string): boolean => name !== 'id' && !REPLACE.has(name) && !STAMPS.includes(name);
  const names = Object.keys(body);
  const isUnclear = ['data', 'properties', 'access'].some((name) => body[name] !== undefined);
  if (isUnclear || !names.some(isField)) return undefined;
  const told = names.filter((name) => ANSWERED.has(name));
  if (told.length > 0) throw invalid(told.map((path) => ({ path, message: NOT_CONTENT })));
  const { kind, type, meta, parentId, reason } = body;
  const data = Object.fromEntries(names.filter(isField).map((name) => [name, body[name]]));
  return { isWhole: false, body: given({ kind, type, meta, parentId, reason, data }) };
}

/** The body of an `alter`: a rename may name the new name as the call `rename` does. */
export function alterOf(body: unknown): JsonObject | undefined {
  const plain = unstamped(body, ['deviceId', 'timestamp']);
  return renameOf(plain ?? body) ?? plain;
}

function renameOf(body: unknown): JsonObject | undefined {
  if (!isObject(body) || body.operation !== 'rename') return undefined;
  const { newName, changes = {}, ...rest } = body;
  if (!isObject(changes)) return undefined;
  const { newName: inner, ...others } = changes;
  const name = newName ?? inner;
  return name === undefined ? undefined : given({ ...rest, changes: { ...others, name } });
}

/** A body without the stamps of the original client; undefined when it has none. */
export function unstamped(body: unknown, own: readonly string[]): JsonObject | undefined {
  if (!isObject(body)) return undefined;
  const isStamp = (name: string): boolean => !own.includes(name) && ALL_STAMPS.has(name);
  const entries = Object.entries(body);
  const kept = entries.filter(([name]) => !isStamp(name));
  return kept.length < entries.length ? given(Object.fromEntries(kept)) : undefined;
}

/** Content by the names of this server. What is missing or malformed is left to its parser. */
export function contentOf(body: Body): Record<string, unknown> {
  const { kind, type, meta, parentId = body.parent === undefined ? body.parent_id : body.parent } = body;
  return { kind: kind ?? undefined, type, meta: meta ?? undefined, parentId, data: dataOf(body) };
}

function dataOf(body: Body): unknown {
  const sources = [body.data, body.snapshot, body.properties].filter(isObject);
  if (sources.length === 0) return body.data;
  const beside = PROPERTIES.filter((name) => body[name] != null).map((name) => [name, body[name]]);
  // by entries: a key that would set the prototype stays a key, and is refused as such
  return Object.fromEntries([...beside, ...sources.flatMap((source) => Object.entries(source))]) as object;
}

/** Whether a body has fields that only the original client sends. */
function isSpoken(body: Body, own: ReadonlySet<string>, original: ReadonlySet<string>): boolean {
  for (const name in body) if (!own.has(name) && original.has(name)) return true;
  return false;
}

/** What nobody knows stays, so that the parser of the server blames that alone. */
function unknownOf(body: Body, own: ReadonlySet<string>, original: ReadonlySet<string>): Body {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !own.has(name) && !original.has(name)));
}

/** Without what is undefined: a field that is there is checked. */
function given(fields: Record<string, unknown>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Record<
    string,
    JsonValue
  >;
}

/** A number that is written in digits alone; NaN for another text. */
function wholeNumber(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : NaN;
}

/** Most atomes of one page of a list. */
const MOST = 500;

/**
 * The query of a list that asks for more than a page holds, with as many as it holds: `pages` and `nextCursor` of the answer
 * tell that there is more. undefined for another. @throws AtomeError `invalid` where it skips some as well, for what it
 * takes for its next page would leave some out.
 */
export function withinMost(query: Body): Body | undefined {
  const { limit, offset } = query;
  if (typeof limit !== 'string' || !(wholeNumber(limit) > MOST)) return undefined;
  if (offset !== undefined && Number(offset) !== 0) {
    throw invalid([{ path: 'limit', message: `must be at most ${MOST} beside an offset; or use page or cursor` }]);
  }
  return { ...query, limit: String(MOST) };
}

/** The query of a list that skips by `offset`, by pages; undefined where it does not. @throws AtomeError `invalid`. */
export function listOf(query: Body): Body | undefined {
  const { offset, limit = '20', ...rest } = query;
  if (typeof offset !== 'string' || typeof limit !== 'string' || 'page' in rest) return undefined;
  const [skipped, size] = [wholeNumber(offset), wholeNumber(limit)];
  if (Number.isNaN(skipped)) {
    throw invalid([{ path: 'offset', message: 'must be a whole number of at least 0, in digits alone' }]);
  }
  // a limit that is none is refused by its own check
  if (!(size > 0)) return { ...rest, limit };
  if (skipped % size !== 0) {
    throw invalid([
      { path: 'offset', message: `must be a multiple of limit, which is ${size}; or use page or cursor` },
    ]);
  }
  return { ...rest, limit, page: String(skipped / size + 1) };
}
