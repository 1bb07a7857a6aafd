import type { Comparison, DocumentField, Scalar } from '../../../protocol/index.js';
import type { Param, Statement } from '../columns.js';
import { SYMBOLS, type ConditionDialect } from '../condition.sql.js';

/** How SQLite names the types of JSON values. */
const TEXT = `= 'text'`;
const NUMBER = `IN ('integer', 'real')`;

/** How SQLite compares what is in the documents of atomes. */
export const sqliteConditions: ConditionDialect = {
  ofDocument,
  position: (text) => `instr(${text}, ?)`,
  inBytes: (text) => text,
  number: '?',
  within: (condition) => condition,
};

const certain = (sql: string, ...params: Param[]): Statement => ({ sql: `coalesce(${sql}, false)`, params });

function ofDocument(field: DocumentField, comparison: Comparison): Statement {
  const column = `atome_atomes."${field.document}"`;
  const path = `$${field.keys.map((key) => `."${key}"`).join('')}`;
  switch (comparison.operator) {
    case 'exists':
      return { sql: `json_type(${column}, ?) IS NOT NULL`, params: [path] };
    case 'eq':
      // as both are written, so that numbers are equal to their last digit
      return certain(`${column} -> ? = ?`, path, JSON.stringify(comparison.value));
    case 'startsWith':
      return textAt(column, path, comparison.value, '= 1');
    case 'contains':
      return contains(column, path, comparison.value);
    default: {
      const { operator, value } = comparison;
      const isNumber = typeof value === 'number';
      const extracted = `json_extract(${column}, ?)`;
      const inOrder = `${isNumber ? asDouble(extracted) : extracted} ${SYMBOLS[operator]} ?`;
      const test = `json_type(${column}, ?) ${isNumber ? NUMBER : TEXT} AND ${inOrder}`;
      if (isNumber) return certain(test, path, path, value);
      const odd = isOdd(`(${column} -> ?)`);
      return certain(`${test} AND NOT ${odd}`, path, path, value, path, path, path);
    }
  }
}

/** A number as JavaScript has it: of a large integer all digits that are written would count, which no parameter has. */
export function asDouble(value: string): string {
  return `CAST(${value} AS REAL)`;
}

/** Whether a text has no order, see `isOddText`. @param json the text as JSON writes it, three times used. */
export function isOdd(json: string): string {
  const plain = String.raw`replace(${json}, '\\', '')`;
  return String.raw`(instr(${plain}, '\u0000') > 0 OR instr(${plain}, '\ud') > 0 OR instr(${json}, char(65535)) > 0)`;
}

/** @param position where the text of the value is to be in that of the field. */
function textAt(column: string, path: string, value: string, position: string): Statement {
  const text = `json_type(${column}, ?) ${TEXT} AND instr(json_extract(${column}, ?), ?) ${position}`;
  return certain(text, path, path, value);
}

function contains(column: string, path: string, value: Scalar): Statement {
  const item = itemIs(value);
  const items = `SELECT 1 FROM json_each(${column}, ?) AS item WHERE ${item.sql}`;
  const inArray = certain(`json_type(${column}, ?) = 'array' AND EXISTS (${items})`, path, path, ...item.params);
  if (typeof value !== 'string') return inArray;
  const inText = textAt(column, path, value, '> 0');
  return { sql: `(${inText.sql} OR ${inArray.sql})`, params: [...inText.params, ...inArray.params] };
}

function itemIs(value: Scalar): Statement {
  if (value === null || typeof value === 'boolean') return { sql: 'item.type = ?', params: [String(value)] };
  const sql =
    typeof value === 'number'
      ? `item.type ${NUMBER} AND ${asDouble('item.atom')} = ?`
      : `item.type ${TEXT} AND item.atom = ?`;
  return { sql, params: [value] };
}
