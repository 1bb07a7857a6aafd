import type { EntityTag, EntityTags, Preconditions } from '../ledger/write/preconditions.js';
import { invalid } from '../protocol/index.js';

/** The conditional headers of a request, as they were sent; lines of one name joined by commas. */
export interface ConditionalHeaders {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifUnmodifiedSince?: string | undefined;
}

/** @throws AtomeError `invalid` for a header that is not by its grammar; a date that is none is ignored (RFC 9110 §13.1.4). */
export function parsePreconditions(headers: ConditionalHeaders): Preconditions | undefined {
  const { ifMatch, ifNoneMatch, ifUnmodifiedSince } = headers;
  if (ifMatch === undefined && ifNoneMatch === undefined && ifUnmodifiedSince === undefined) return undefined;
  return {
    ifMatch: ifMatch === undefined ? undefined : requireTags('If-Match', ifMatch),
    ifNoneMatch: ifNoneMatch === undefined ? undefined : requireTags('If-None-Match', ifNoneMatch),
    ifUnmodifiedSince: ifUnmodifiedSince === undefined ? undefined : parseHttpDate(ifUnmodifiedSince),
  };
}

function requireTags(path: string, header: string): EntityTags {
  const tags = parseEntityTags(header);
  if (tags !== undefined) return tags;
  throw invalid([{ path, message: 'must be * or entity tags in quotes, with commas between them, such as "v3"' }]);
}

/** One element of a list, which may be empty, and what ends it (RFC 9110 §5.6.1, §8.8.3). A tag may contain commas. */
const ELEMENT = /(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*"))?[ \t]*(?:,[ \t]*|$)/y;

/** The tags of `If-Match` or `If-None-Match`; undefined for a header that is not by the grammar. */
export function parseEntityTags(header: unknown): EntityTags | undefined {
  if (typeof header !== 'string') return undefined; // from code without types
  const text = header.trim();
  if (text === '*') return '*';
  const tags: EntityTag[] = [];
  ELEMENT.lastIndex = 0;
  while (ELEMENT.lastIndex < text.length) {
    const element = ELEMENT.exec(text);
    if (!element) return undefined;
    const [, weak, opaque] = element;
    if (opaque !== undefined) tags.push({ opaque, isWeak: weak !== undefined });
  }
  return tags;
}

const IMF_OR_RFC850 = /^[A-Z][a-z]+, \d\d[ -][A-Z][a-z]{2}[ -]\d\d(?:\d\d)? \d\d:\d\d:\d\d GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/** A date in one of the three forms of RFC 9110 §5.6.7, in milliseconds since 1970; undefined for other text. */
export function parseHttpDate(text: string): number | undefined {
  const isAsctime = ASCTIME.test(text);
  if (!isAsctime && !IMF_OR_RFC850.test(text)) return undefined;
  const time = Date.parse(isAsctime ? `${text} GMT` : text);
  // a day that no month has rolls over to one of the next
  const isDay = new Date(time).getUTCDate() === Number(/\d\d?/.exec(text)?.[0]);
  return Number.isNaN(time) || !isDay ? undefined : time;
}
