import { SORT_CHARS, SORT_RANK } from '../../../protocol/index.js';
import type { SortDialect } from '../sort-dialect.js';
import { asDouble, isOdd } from './sqlite.condition.js';

const { missing, null: ofNull, false: ofFalse, true: ofTrue, number, text, other } = SORT_RANK;

/** How SQLite orders what is in the documents of atomes. */
export const sqliteSorting: SortDialect = {
  ofDocument: (value) => {
    const type = `json_type(${value})`;
    const odd = isOdd(`(${value.replace(', ', ' -> ')})`);
    const extracted = `json_extract(${value})`;
    return [
      {
        sql: `CASE ${type} WHEN 'null' THEN ${ofNull} WHEN 'false' THEN ${ofFalse} WHEN 'true' THEN ${ofTrue} WHEN 'integer' THEN ${number}
          WHEN 'real' THEN ${number} WHEN 'text' THEN CASE WHEN ${odd} THEN ${other} ELSE ${text} END WHEN 'array' THEN ${other}
          WHEN 'object' THEN ${other} ELSE ${missing} END`,
        mark: '?',
        of: ([rank]) => rank,
      },
      {
        sql: `CASE ${type} WHEN 'integer' THEN ${asDouble(extracted)} WHEN 'real' THEN ${extracted}
          WHEN 'text' THEN CASE WHEN ${odd} THEN '' ELSE substr(${extracted}, 1, ${SORT_CHARS}) END ELSE '' END`,
        mark: '?',
        of: ([, each]) => each ?? '',
      },
    ];
  },
  valueOf: ({ document, keys }) => `atome_atomes."${document}", ${quotedPath(keys)}`,
  inBytes: (value) => value,
  marks: { number: '?', text: '?' },
  beside: (values) => ({ from: '', names: values }),
};

/** A path of keys as a literal. Those that need an escape in a path are no keys of a field. */
export function quotedPath(keys: readonly string[]): string {
  const path = `$${keys.map((key) => `."${key}"`).join('')}`;
  return `'${path.replaceAll(`'`, `''`)}'`;
}
