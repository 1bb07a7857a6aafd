import { invalid, isObject, type Issue } from '../protocol/index.js';

/** How the original client calls the field at a path of the server's. */
export type FieldNames = (path: string) => string;

/** Content by its name here, and the fields of the original client that it may have come from, the last ones first. */
const SOURCES = ['properties', 'snapshot', 'data'];

/** The names of a body whose content may be in other fields than `data`. */
export function contentNames(body: Readonly<Record<string, unknown>>): FieldNames {
  return (path) => {
    if (path === 'parentId')
      return ['parentId', 'parent', 'parent_id'].find((name) => body[name] !== undefined) ?? path;
    const [part, key, ...rest] = path.split('.');
    if (part !== 'data' || key === undefined) return path;
    const name = key.replace(/\[.*$/, '');
    const source = SOURCES.find((each) => isObject(body[each]) && Object.hasOwn(body[each], name));
    return source === undefined ? [key, ...rest].join('.') : [source, key, ...rest].join('.');
  };
}

/** The names of a body that is the content itself. */
export const bareNames: FieldNames = (path) => path.replace(/^(?:changes|data)\./, '');

/** A problem with its fields by these names. */
export function renamed(problem: Readonly<Record<string, unknown>>, names: FieldNames): object {
  const errors = problem.errors as readonly Issue[];
  const said = errors.map(({ path, message }) => ({ path: names(path), message }));
  const told = (text: unknown): string => retold(String(text), errors, names);
  return { ...problem, errors: said, detail: told(problem.detail), error: told(problem.error) };
}

/** A sentence about fields, with them by these names. */
export function retold(text: string, errors: readonly Issue[], names: FieldNames): string {
  return errors.reduce((all, { path, message }) => {
    const other = sentenceOf({ path: names(path), message });
    return all.replace(sentenceOf({ path, message }), () => other);
  }, text);
}

function sentenceOf(issue: Issue): string {
  return invalid([issue]).message;
}
