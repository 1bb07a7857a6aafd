import type { JsonObject, JsonValue } from '@atome-sync/client';

/** A value as one edits it. */
export function jsonText(value: JsonValue): string {
  return JSON.stringify(value, null, 2);
}

/** An object out of a text, or what is wrong with the text. */
export type Parsed = { readonly value: JsonObject } | { readonly fault: string };

export function parseObject(text: string): Parsed {
  try {
    const value = JSON.parse(text) as JsonValue;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { value };
    return { fault: 'an object is needed: { "key": "value" }' };
  } catch (error) {
    return { fault: placed((error as Error).message, text) };
  }
}

/** The line and column in the place of the position. */
function placed(message: string, text: string): string {
  const short = message.replace(/^JSON\.parse: /, '').replace(/, (?:\.\.\.)?".*$/s, '');
  const position = /position (\d+)/.exec(message)?.[1];
  if (position === undefined || message.includes('line ')) return short;
  const before = text.slice(0, Number(position)).split('\n');
  return `${short.replace(/ ?(?:in JSON )?at position \d+/, '')} at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
