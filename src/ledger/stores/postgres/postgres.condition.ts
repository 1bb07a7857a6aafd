import { DOCUMENTS, type Comparison, type DocumentField } from '../../../protocol/index.js';
import type { Param, Statement } from '../columns.js';
import { SYMBOLS, type ConditionDialect } from '../condition.sql.js';

/** Half a surrogate pair, as JSON writes it. */
const HALF_PAIR = String.raw`\\ud[89a-f][0-9a-f][0-9a-f]`;

/**
 * A document as the database takes it apart. No text of its may have NUL or half a surrogate pair: U+FFFF stands there
 * instead, which no text has that is compared with. Escaped backslashes are out of the way meanwhile, as U+0001, which JSON
 * escapes.
 */
export function parsed(column: string): string {
  const isClean = String.raw`strpos(${column}, '\u0000') = 0 AND strpos(${column}, '\ud') = 0`;
  const plain = String.raw`replace(${column}, '\\', chr(1))`;
  const cleaned = String.raw`regexp_replace(replace(${plain}, '\u0000', '\uffff'), '${HALF_PAIR}', '\\uffff', 'g')`;
  return String.raw`CASE WHEN ${isClean} THEN ${column} ELSE replace(${cleaned}, chr(1), '\\') END::jsonb`;
}

/** Whether a text has no order, see `isOddText`. */
export function isOdd(text: string): string {
  return `strpos(${text}, chr(65535)) > 0`;
}

/** Taken apart once for all comparisons: without the OFFSET they would each do it by themselves. */
const DOCUMENTS_PARSED = DOCUMENTS.map((name) => `${parsed(`atome_atomes."${name}"`)} AS "${name}"`).join(', ');

/** How PostgreSQL compares what is in the documents of atomes. */
export const postgresConditions: ConditionDialect = {
  ofDocument,
  position: (text) => `strpos(${text}, ?)`,
  inBytes: (text) => `${text} COLLATE "C"`,
  number: '?::numeric',
  within: (condition) => `(SELECT ${condition} FROM (SELECT ${DOCUMENTS_PARSED} OFFSET 0) AS documents)`,
};

function ofDocument({ document, keys }: DocumentField, comparison: Comparison): Statement {
  const value = `(documents."${document}"${' -> ?::text'.repeat(keys.length)})`;
  const text = `(${value} #>> '{}')`;
  const typed = (type: string, test: string, param: Param): Statement => ({
    sql: `CASE WHEN jsonb_typeof(${value}) = '${type}' THEN ${test} ELSE false END`,
    params: [...keys, ...keys, param],
  });
  switch (comparison.operator) {
    case 'exists':
      return { sql: `${value} IS NOT NULL`, params: keys };
    case 'eq':
      return { sql: `coalesce(${value} = ?::jsonb, false)`, params: [...keys, JSON.stringify(comparison.value)] };
    case 'startsWith':
      return typed('string', `starts_with(${text}, ?::text)`, comparison.value);
    case 'contains': {
      const inArray = typed('array', `${value} @> ?::jsonb`, JSON.stringify([comparison.value]));
      if (typeof comparison.value !== 'string') return inArray;
      const inText = typed('string', `strpos(${text}, ?::text) > 0`, comparison.value);
      return { sql: `(${inText.sql} OR ${inArray.sql})`, params: [...inText.params, ...inArray.params] };
    }
    default: {
      const { operator, value: other } = comparison;
      const symbol = SYMBOLS[operator];
      if (typeof other === 'number') return typed('number', `${text}::numeric ${symbol} ?::numeric`, other);
      const inOrder = typed('string', `${text} COLLATE "C" ${symbol} ?::text AND NOT ${isOdd(text)}`, other);
      return { ...inOrder, params: [...inOrder.params, ...keys] };
    }
  }
}
