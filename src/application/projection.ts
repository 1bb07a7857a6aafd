import { rightsAndAudienceOf } from '../ledger/access-columns.js';
import { membersOf, objectText } from '../ledger/json-text.js';
import type { AtomeInText, AtomeRow } from '../ledger/rows.js';
import { invalid, isObject, OWN_FIELDS, parseFieldPath, type JsonValue } from '../protocol/index.js';

/** What of a value is wanted: all of it, or some of its keys. */
type Wanted = 'all' | Map<string, Wanted>;

/** The parts of atomes that an answer has, in the order of the whole. */
export type Projection = ReadonlyMap<string, Wanted>;

const WHOLE = [
  ...['id', 'kind', 'type', 'data', 'meta', 'parentId', 'ownerId'],
  ...['version', 'createdAt', 'updatedAt', 'deletedAt', 'access', 'inherited'],
];
/** Fields of an atome that are no fields of conditions. */
const ONLY_WHOLE = new Set(WHOLE.filter((name) => !(OWN_FIELDS as readonly string[]).includes(name)));
const MAX_FIELDS = 50;

/** Fields with commas between, such as `id,data.title`. @throws AtomeError `invalid` */
export function parseProjection(text: string): Projection {
  const names = text.split(',');
  if (names.length > MAX_FIELDS) throw invalid([{ path: 'fields', message: `may name at most ${MAX_FIELDS} fields` }]);
  const wanted = new Map<string, Wanted>();
  for (const name of names) add(wanted, keysOf(name));
  return new Map(WHOLE.flatMap((name) => (wanted.has(name) ? [[name, wanted.get(name)!]] : [])));
}

/** As `atomeText`, with what is wanted of it: a document is taken apart only where some of its keys are. */
export function projectedText(shown: AtomeRow | AtomeInText, projection: Projection): string {
  const parts = [...projection].flatMap(([name, wanted]) => {
    const text = partText(shown, name, wanted);
    return text === undefined ? [] : [`"${name}":${text}`];
  });
  return `{${parts.join(',')}}`;
}

function keysOf(name: string): readonly string[] {
  if (ONLY_WHOLE.has(name)) return [name];
  const field = parseFieldPath(name, 'fields');
  return 'own' in field ? [field.own] : [field.document, ...field.keys];
}

function add(wanted: Map<string, Wanted>, [key, ...more]: readonly string[]): void {
  if (key === undefined) return;
  const known = wanted.get(key);
  if (known === 'all') return;
  const within: Wanted = more.length === 0 ? 'all' : (known ?? new Map<string, Wanted>());
  wanted.set(key, within);
  if (within !== 'all') add(within, more);
}

function partText(shown: AtomeRow | AtomeInText, name: string, wanted: Wanted): string | undefined {
  // a row keeps its documents and its rights as text
  const isRow = 'clocks' in shown;
  if (name === 'data' || name === 'meta') {
    const document = shown[name];
    if (wanted === 'all') return document;
    const keys = new Set(Array.from(wanted.keys(), (key) => JSON.stringify(key)));
    return textOf(JSON.parse(objectText(membersOf(document, keys))) as JsonValue, wanted);
  }
  const isRight = name === 'access' || name === 'inherited';
  const of = isRow && isRight ? rightsAndAudienceOf(shown) : shown;
  return textOf((of as unknown as Readonly<Record<string, JsonValue | undefined>>)[name], 'all');
}

/** undefined where there is nothing of what is wanted. */
function textOf(value: JsonValue | undefined, wanted: Wanted): string | undefined {
  if (wanted === 'all' || value === undefined) return JSON.stringify(value);
  if (!isObject(value)) return undefined;
  const parts = [...wanted].flatMap(([key, within]) => {
    const text = Object.hasOwn(value, key) ? textOf(value[key], within) : undefined;
    return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`];
  });
  return `{${parts.join(',')}}`;
}
