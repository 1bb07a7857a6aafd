/** Of an answer that is JSON already. */
export const JSON_TYPE = 'application/json; charset=utf-8';

/** A media type or a range of them (RFC 9110 §8.3.1, §12.5.1), in lower case. */
export interface MediaType {
  /** Such as `application/json` or `text/*`. */
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const NAME = new RegExp(`^(${TOKEN}/${TOKEN})[ \\t]*(?=;|$)`);
const PARAMETER = new RegExp(`;[ \\t]*(?:(${TOKEN})=(${TOKEN}|"(?:[^"\\\\]|\\\\.)*"))?[ \\t]*(?=;|$)`, 'y');

/** Reads one media type with its parameters; undefined for what is none. */
export function parseMediaType(text: string): MediaType | undefined {
  const trimmed = text.trim();
  const name = NAME.exec(trimmed);
  if (!name) return undefined;
  const parameters = new Map<string, string>();
  for (PARAMETER.lastIndex = name[0].length; PARAMETER.lastIndex < trimmed.length;) {
    const parameter = PARAMETER.exec(trimmed);
    if (!parameter) return undefined;
    const [, key, value] = parameter;
    if (key !== undefined) parameters.set(key.toLowerCase(), unquoted(value!).toLowerCase());
  }
  return { name: name[1]!.toLowerCase(), parameters };
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}

/** Whether a text of this type is in UTF-8, as it is where nothing is said. */
export function isUtf8Type({ parameters }: MediaType): boolean {
  const charset = parameters.get('charset');
  return charset === undefined || charset === 'utf-8' || charset === 'utf8';
}
