import type { JsonValue, Where } from '@atome-sync/client';
import { where, type WhereOf } from '@atome-sync/client/where';
import type { JsonObject } from '@atome-sync/client';

/*
 * A filter as one types it: a condition of the server in JSON, `{"data.done":false}`, or its short form,
 * `data.done = false and data.size >= 5 and data.title ~ milk`. Both are judged by the SDK as the server does.
 */

const OPERATORS: Readonly<Record<string, string>> = {
  '=': 'eq',
  '!=': 'ne',
  '>': 'gt',
  '>=': 'gte',
  '<': 'lt',
  '<=': 'lte',
  '~': 'contains',
  '^=': 'startsWith',
};
const TERM = /^\s*([\w$.-]+)\s*(!=|>=|<=|\^=|=|>|<|~)\s*(.+?)\s*$/s;
const PRESENCE = /^\s*(not\s+)?has\s+([\w$.-]+)\s*$/i;
const SHORT = ['kind', 'type', 'parentId', 'ownerId', 'version', 'id', 'createdAt', 'updatedAt', 'deletedAt'];

/** A filter that was understood, or what is wrong with it. */
export type FilterText =
  | { readonly where: Where; readonly test: ReturnType<typeof where> }
  | { readonly where?: undefined; readonly fault?: string };

/** Reads what was typed; nothing for an empty text. */
export function readFilter(text: string): FilterText {
  if (text.trim() === '') return {};
  try {
    const condition = text.trim().startsWith('{') ? (JSON.parse(text) as JsonObject) : { and: text.split(/\s+and\s+/i).map(termOf) };
    const test = where(condition as WhereOf<JsonObject>);
    return { where: test.toJSON(), test };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

function termOf(text: string): JsonObject {
  const [, not, present] = PRESENCE.exec(text) ?? [];
  if (present !== undefined) return { [fieldOf(present)]: { exists: not === undefined } };
  const [, field, operator, value] = TERM.exec(text) ?? [];
  if (field === undefined || operator === undefined || value === undefined)
    throw new Error(`"${text.trim()}" is no condition: write data.done = false, data.title ~ milk, has data.due`);
  return { [fieldOf(field)]: { [OPERATORS[operator]!]: valueOf(value) } };
}

function fieldOf(name: string): string {
  return name.startsWith('data.') || name.startsWith('meta.') || SHORT.includes(name) ? name : `data.${name}`;
}

/** JSON where it is some, else the text itself. */
function valueOf(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
