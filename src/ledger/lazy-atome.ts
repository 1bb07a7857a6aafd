import { inspect } from 'node:util';
import {
  isObject,
  valueAt,
  type AlterationBody,
  type Atome,
  type FieldPath,
  type JsonObject,
  type JsonValue,
} from '../protocol/index.js';
import { rightsAndAudienceOf } from './access-columns.js';
import { membersOf } from './json-text.js';
import { alterationText, atomeIn, atomeText, textWith } from './row-mapper.js';
import type { AtomeRow, WrittenTexts } from './rows.js';

type Document = 'data' | 'meta';

/** To look for more keys one by one would take longer than to take the document apart. */
const MAX_LOOKED_UP = 8;

/** The documents of atomes, as text and as far as they have been asked for. */
const sources = new WeakMap<Atome, LazyDocuments>();

class LazyDocuments {
  private readonly wholes: Partial<Record<Document, JsonObject>> = {};
  private readonly members = new Map<string, JsonValue | undefined>();

  constructor(readonly row: AtomeRow) {}

  whole(document: Document): JsonObject {
    return (this.wholes[document] ??= JSON.parse(this.row[document]) as JsonObject);
  }

  /** The value of one key; undefined where there is none. */
  member(document: Document, key: string): JsonValue | undefined {
    const name = `${document}.${key}`;
    if (this.members.has(name)) return this.members.get(name);
    if (this.wholes[document] || this.members.size >= MAX_LOOKED_UP) {
      const whole = this.whole(document);
      return Object.hasOwn(whole, key) ? whole[key] : undefined;
    }
    const [text] = membersOf(this.row[document], new Set([JSON.stringify(key)])).values();
    const value = text === undefined ? undefined : (JSON.parse(text) as JsonValue);
    this.members.set(name, value);
    return value;
  }
}

/** An atome whose documents are taken apart when somebody asks for them: most who are told of a large one pass it on. */
export function lazyAtome(row: AtomeRow): Atome {
  const { id, kind, type, parentId, ownerId, version, createdAt, updatedAt, deletedAt } = row;
  const { audience: _audience, ...rights } = rightsAndAudienceOf(row);
  const atome: Atome = {
    id,
    kind,
    type,
    data: {},
    meta: {},
    parentId,
    ownerId,
    version,
    createdAt,
    updatedAt,
    deletedAt,
    ...rights,
  };
  // stamps are for the next write alone, and may be many
  const source = new LazyDocuments({ ...row, clocks: '{}' });
  for (const document of ['data', 'meta'] as const) {
    const become = (value: unknown): void => {
      Object.defineProperty(atome, document, { value, writable: true, enumerable: true, configurable: true });
      // whoever has it may alter it: it is no longer what the text says
      sources.delete(atome);
    };
    const get = (): JsonObject => {
      const value = source.whole(document);
      become(value);
      return value;
    };
    Object.defineProperty(atome, document, { get, set: become, enumerable: true, configurable: true });
  }
  Object.defineProperty(atome, inspect.custom, { value: () => ({ ...atome }), configurable: true });
  sources.set(atome, source);
  return atome;
}

/**
 * The same atome for somebody who may alter it: that is nothing to those who have this one.
 * @param texts of its documents; left out: one that is not lazy stays what it is.
 */
export function ownAtome(atome: Atome, texts?: WrittenTexts): Atome {
  const source = sources.get(atome);
  if (source) return lazyAtome(source.row);
  return texts ? atomeIn({ ...atome, data: texts.data, meta: texts.meta }) : atome;
}

/** As {@link valueAt}, which takes no more apart of a lazy atome than the keys that are asked for. */
export function valueIn(field: FieldPath, atome: Atome): unknown {
  const source = sources.get(atome);
  if (!source || 'own' in field) return valueAt(field, atome);
  const [first, ...rest] = field.keys;
  let value = source.member(field.document, first);
  for (const key of rest) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

/**
 * An object as JSON, put together out of the text of its `atome` where that is still there: to take a large one apart, and to
 * write it again, would come to the same.
 * @param texts what the ledger keeps of its `atome` and `alteration`, whatever has become of these objects since.
 */
export function textWithAtome(object: object, texts?: WrittenTexts): string {
  const source = 'atome' in object ? sources.get(object.atome as Atome) : undefined;
  if (!source && !texts) return JSON.stringify(object);
  // joined, not concatenated: V8 keeps what is concatenated as a tree of its pieces, and an event is held for long
  const pieces: string[] = [];
  for (const name in object) {
    const value = (object as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    pieces.push(pieces.length === 0 ? '{"' : ',"', name, '":');
    if (name === 'alteration' && texts) pieces.push(alterationText(value as AlterationBody, texts.changes));
    else if (name !== 'atome') pieces.push(JSON.stringify(value));
    else pieces.push(source ? atomeText(source.row) : textWith(value as Atome, texts!));
  }
  pieces.push('}');
  return pieces.join('');
}
