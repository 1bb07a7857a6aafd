/*
 * As much of Helm's templates as our chart uses, so that it is rendered where there is no Helm: actions with trimmed space,
 * if, range, with, variables, pipes and a few functions. What it does not know it refuses.
 */

interface Scope {
  readonly dot: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
}

type Node = { readonly text: string } | { readonly action: string; readonly body: readonly Node[] };

const FUNCTIONS: Readonly<Record<string, (...given: unknown[]) => unknown>> = {
  quote: (value) => JSON.stringify(String(value)),
  toJson: (value) => JSON.stringify(value),
  default: (otherwise, value) => (isTrue(value) ? value : otherwise),
  eq: (one, other) => one === other,
  not: (value) => !isTrue(value),
  printf: (format, ...values) => String(format).replaceAll('%s', () => String(values.shift())),
};

/** A template with its values, as text. */
export function renderTemplate(template: string, root: Readonly<Record<string, unknown>>): string {
  const parts = template
    .replace(/\s*\{\{-/g, '{{')
    .replace(/-\}\}\s*/g, '}}')
    .split(/\{\{\s*(.*?)\s*\}\}/);
  const nodes = parse(parts.map((part, index) => ({ part, isAction: index % 2 === 1 })));
  return render(nodes, { dot: root, variables: { $: root } });
}

/** Takes what belongs to one block, up to its end. */
function parse(parts: { readonly part: string; readonly isAction: boolean }[], isBlock = false): Node[] {
  const nodes: Node[] = [];
  for (let next = parts.shift(); next; next = parts.shift()) {
    const { part, isAction } = next;
    if (!isAction) nodes.push({ text: part });
    else if (part === 'end' && isBlock) return nodes;
    else nodes.push({ action: part, body: /^(?:if|range|with) /.test(part) ? parse(parts, true) : [] });
  }
  if (isBlock) throw new Error('a block has no end');
  return nodes;
}

function render(nodes: readonly Node[], scope: Scope): string {
  let { variables } = scope;
  let rendered = '';
  for (const node of nodes) {
    const here = { ...scope, variables };
    if ('text' in node) {
      rendered += node.text;
      continue;
    }
    const assigned = /^(\$\w+) := (.*)$/.exec(node.action);
    if (assigned) variables = { ...variables, [assigned[1]!]: valueOf(assigned[2]!, here) };
    else rendered += renderAction(node, here);
  }
  return rendered;
}

function renderAction({ action, body }: Extract<Node, { action: string }>, scope: Scope): string {
  const [, block, condition = ''] = /^(if|with|range) (.*)$/.exec(action) ?? [];
  if (block === undefined) return String(valueOf(action, scope));
  const [, key, each, of] = /^(\$\w+), (\$\w+) := (.*)$/.exec(condition) ?? [];
  const value = valueOf(of ?? condition, scope);
  if (block !== 'range') {
    if (!isTrue(value)) return '';
    return render(body, block === 'with' ? { ...scope, dot: value } : scope);
  }
  const entries = Object.entries(value as object).sort(([one], [other]) => (one < other ? -1 : 1));
  return entries
    .map(([name, dot]) => render(body, { dot, variables: { ...scope.variables, [key!]: name, [each!]: dot } }))
    .join('');
}

function valueOf(expression: string, scope: Scope): unknown {
  const words = expression.match(/"[^"]*"|[()|]|[^\s()|]+/g) ?? [];
  const value = pipe(words, scope);
  if (words.length > 0) throw new Error(`not understood: ${expression}`);
  return value;
}

/** What comes before a bar is the last thing given to what comes after it. */
function pipe(words: string[], scope: Scope): unknown {
  let value = call(words, scope);
  while (words[0] === '|') {
    words.shift();
    value = call(words, scope, value);
  }
  return value;
}

function call(words: string[], scope: Scope, ...piped: unknown[]): unknown {
  const [name = ''] = words;
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!known) return operand(words, scope);
  words.shift();
  const given: unknown[] = [];
  while (words.length > 0 && words[0] !== '|' && words[0] !== ')') given.push(operand(words, scope));
  return known(...given, ...piped);
}

function operand(words: string[], scope: Scope): unknown {
  const word = words.shift() ?? '';
  if (word === '(') {
    const value = pipe(words, scope);
    if (words.shift() !== ')') throw new Error('a bracket is not closed');
    return value;
  }
  if (word.startsWith('"')) return JSON.parse(word);
  const [, variable, path] = /^(\$\w*)?((?:\.\w+)*|\.)$/.exec(word) ?? [];
  if (path === undefined) throw new Error(`not understood: ${word}`);
  const from = variable === undefined ? scope.dot : scope.variables[variable];
  const names = path.split('.').filter((each) => each !== '');
  return names.reduce<unknown>((value, each) => (value as Record<string, unknown> | undefined)?.[each], from);
}

function isTrue(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
