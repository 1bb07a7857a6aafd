import { SORT_CHARS, SORT_RANK } from '../../../protocol/index.js';
import type { SortDialect } from '../sort-dialect.js';
import { isOdd, parsed } from './postgres.condition.js';

const { missing, null: ofNull, false: ofFalse, true: ofTrue, number, text, other } = SORT_RANK;

const inBytes = (value: string): string => `(${value}) COLLATE "C"`;

/** How PostgreSQL orders what is in the documents of atomes. */
export const postgresSorting: SortDialect = {
  ofDocument: (value) => {
    const type = `jsonb_typeof(${value})`;
    const written = `(${value} #>> '{}')`;
    return [
      {
        sql: `CASE ${type} WHEN 'null' THEN ${ofNull} WHEN 'boolean' THEN CASE ${written} WHEN 'false' THEN ${ofFalse} ELSE ${ofTrue} END
          WHEN 'number' THEN ${number} WHEN 'string' THEN CASE WHEN ${isOdd(written)} THEN ${other} ELSE ${text} END
          WHEN 'array' THEN ${other} WHEN 'object' THEN ${other} ELSE ${missing} END`,
        mark: '?::integer',
        of: ([rank]) => rank,
      },
      {
        sql: `CASE ${type} WHEN 'number' THEN ${written}::float8 ELSE 0 END`,
        mark: '?::float8',
        of: ([, each]) => (typeof each === 'number' ? each : 0),
      },
      {
        sql: inBytes(
          `CASE WHEN ${type} = 'string' AND NOT ${isOdd(written)} THEN left(${written}, ${SORT_CHARS}) ELSE '' END`,
        ),
        mark: '?::text',
        of: ([, each]) => (typeof each === 'string' ? each : ''),
      },
    ];
  },
  valueOf: ({ document, keys }) =>
    `(${parsed(`atome_atomes."${document}"`)}${keys.map((key) => ` -> ${quoted(key)}`).join('')})`,
  inBytes,
  marks: { number: '?::numeric', text: '?::text' },
  // without the OFFSET each column would take the document apart by itself
  beside: (values) => ({
    from:
      values.length === 0
        ? ''
        : ` CROSS JOIN LATERAL (SELECT ${values.map((value, place) => `${value} AS v${place}`).join(', ')} OFFSET 0) AS fields`,
    names: values.map((_, place) => `fields.v${place}`),
  }),
};

/** A key as a literal, in which nothing is taken for a parameter or for the name of a table of ours. */
export function quoted(key: string): string {
  const escaped = key.replace(
    /[^0-9A-Za-z\x80-\uffff]/g,
    (char) => `\\${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `U&'${escaped}'`;
}
