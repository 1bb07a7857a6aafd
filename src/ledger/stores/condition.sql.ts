import type { Comparison, Condition, DocumentField, OrderOperator, OwnField } from '../../protocol/index.js';
import { ATOME, type Statement } from './columns.js';

/* Conditions as SQL. Values and keys are bound, never written into a statement. Parameters are written `?`. */

/** What a database says of comparisons in a way of its own. */
export interface ConditionDialect {
  /** A comparison of what is at a path in a document: true or false, never NULL. */
  readonly ofDocument: (field: DocumentField, comparison: Comparison) => Statement;
  /** Where the text of a parameter is in another, from 1; 0 where it is not. */
  readonly position: (text: string) => string;
  /** A text to be compared in order of its bytes. */
  readonly inBytes: (text: string) => string;
  /** A parameter that is a number. */
  readonly number: string;
  /** Makes what the comparisons of documents need. */
  readonly within: (condition: string) => string;
}

/** How the operators of an order are written. */
export const SYMBOLS: Readonly<Record<OrderOperator, string>> = { gt: '>', gte: '>=', lt: '<', lte: '<=' };

export const NEVER: Statement = { sql: 'false', params: [] };
const ALWAYS: Statement = { sql: 'true', params: [] };

export function conditionSql(condition: Condition, dialect: ConditionDialect): Statement {
  const { sql, params } = partSql(condition, dialect);
  return { sql: dialect.within(sql), params };
}

function partSql(condition: Condition, dialect: ConditionDialect): Statement {
  if ('all' in condition) return joined(condition.all, ' AND ', dialect);
  if ('any' in condition) return joined(condition.any, ' OR ', dialect);
  if ('not' in condition) {
    const { sql, params } = partSql(condition.not, dialect);
    return { sql: `NOT (${sql})`, params };
  }
  const { field } = condition;
  return 'own' in field ? ofColumn(field.own, condition, dialect) : dialect.ofDocument(field, condition);
}

function joined(parts: readonly Condition[], operator: string, dialect: ConditionDialect): Statement {
  const all = parts.map((part) => partSql(part, dialect));
  return { sql: `(${all.map(({ sql }) => sql).join(operator)})`, params: all.flatMap(({ params }) => params) };
}

function ofColumn(own: OwnField, comparison: Comparison, dialect: ConditionDialect): Statement {
  if (comparison.operator === 'exists') return ALWAYS;
  const { operator, value } = comparison;
  const column = `atome_atomes."${ATOME[own]}"`;
  if (value === null) return operator === 'eq' ? { sql: `${column} IS NULL`, params: [] } : NEVER;
  const isNumber = own === 'version';
  if (typeof value !== (isNumber ? 'number' : 'string')) return NEVER;
  const certain = (sql: string): Statement => ({ sql: `coalesce(${sql}, false)`, params: [value as string | number] });
  if (operator === 'contains') return isNumber ? NEVER : certain(`${dialect.position(column)} > 0`);
  if (operator === 'startsWith') return certain(`${dialect.position(column)} = 1`);
  const symbol = operator === 'eq' ? '=' : SYMBOLS[operator];
  return certain(isNumber ? `${column} ${symbol} ${dialect.number}` : `${dialect.inBytes(column)} ${symbol} ?`);
}
