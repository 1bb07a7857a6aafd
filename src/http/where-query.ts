import { invalid, parseCondition, type Condition, type Operator } from '../protocol/index.js';

/** A parameter of a condition: a field, and what it is compared by. */
const PARAMETER = /^where\[([^[\]]+)\](?:\[([^[\]]+)\])?$/;
/** A number as JSON writes it. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** These take a text whatever it looks like. */
const TEXT_OPERATORS: ReadonlySet<string> = new Set<Operator>(['contains', 'startsWith']);
const LIST_OPERATORS: ReadonlySet<string> = new Set<Operator>(['in', 'nin']);

const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

/** How a condition is documented. */
export const WHERE = {
  type: String,
  description:
    'What must be true of fields, as JSON; or in brackets, one for each: `where[data.status]=open`, `where[data.size][gte]=5`. Such as `{"data.status":"open","data.size":{"gte":5}}`.',
};

/** The condition of a query, and what else is in it. */
export interface WhereQuery {
  readonly where: Condition | undefined;
  readonly rest: Readonly<Record<string, unknown>>;
}

/**
 * Takes `where={…}`, `where[data.status]=open` and `where[data.size][gte]=5` out of the query of a call; all of them must
 * hold. They are read from the address: applications parse brackets in different ways.
 * @throws AtomeError `invalid`
 */
export function takeWhere(query: unknown, url: string): WhereQuery {
  const parsed = query as Readonly<Record<string, unknown>>;
  if (!url.includes('where')) return { where: undefined, rest: parsed };
  const rest = Object.fromEntries(Object.entries(parsed).filter(([name]) => !/^where(\[|$)/.test(name)));
  const mark = url.indexOf('?');
  const parts = [...new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))].flatMap(([name, value]) => {
    if (name === 'where') return [parsedJson(value)];
    return name.startsWith('where[') ? [comparison(name, value)] : [];
  });
  if (parts.length === 0) return { where: undefined, rest };
  return { where: parseCondition(parts.length === 1 ? parts[0] : { and: parts }), rest };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    throw wrong(
      `where`,
      `must be JSON, such as {"data.status":"open"}, or be written where[data.status]=open: ${message}`,
    );
  }
}

function comparison(name: string, value: string): unknown {
  const [, field, operator = 'eq'] = PARAMETER.exec(name) ?? [];
  if (field === undefined) throw wrong(name, 'must be written where[data.status]=open or where[data.size][gte]=5');
  return { [field]: { [operator]: operandOf(operator, value) } };
}

function operandOf(operator: string, value: string): unknown {
  if (TEXT_OPERATORS.has(operator)) return value;
  return LIST_OPERATORS.has(operator) ? value.split(',').map(scalarOf) : scalarOf(value);
}

/** In quotes it is a text in any case, as JSON writes it. */
function scalarOf(text: string): unknown {
  if (Object.hasOwn(WORDS, text)) return WORDS[text];
  if (NUMBER.test(text)) return Number(text);
  return /^".*"$/s.test(text) ? parsedJson(text) : text;
}

function wrong(path: string, message: string): Error {
  return invalid([{ path, message }]);
}
