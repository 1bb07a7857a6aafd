import { describe, expect, it } from '@jest/globals';
import { failedPrecondition, isKept, type Selected } from '../ledger/write/preconditions.js';
import { AtomeError } from '../protocol/index.js';
import { parseEntityTags, parseHttpDate, parsePreconditions, type ConditionalHeaders } from './preconditions.js';

const strong = (opaque: string) => ({ opaque, isWeak: false });
const weak = (opaque: string) => ({ opaque, isWeak: true });

describe('the entity tags of a header', () => {
  it.each([
    ['*', '*'],
    [' * ', '*'],
    ['"a"', [strong('"a"')]],
    ['W/"a"', [weak('"a"')]],
    ['"a","b"', [strong('"a"'), strong('"b"')]],
    ['"a" \t, W/"b"', [strong('"a"'), weak('"b"')]],
    [',, "a" ,, "b" ,', [strong('"a"'), strong('"b"')]],
    ['"a, \\b"', undefined],
    ['"a,b"', [strong('"a,b"')]],
    ['"\\"', [strong('"\\"')]],
    ['"*"', [strong('"*"')]],
    ['""', [strong('""')]],
    ['"é"', [strong('"é"')]],
    ['', []],
    ['a', undefined],
    ['v3', undefined],
    ['w/"a"', undefined],
    ['W/ "a"', undefined],
    ['W/a', undefined],
    ['"a', undefined],
    ['a"', undefined],
    ['"a""b"', undefined],
    ['"a" "b"', undefined],
    ['"a b"', undefined],
    ['"a"; q=1', undefined],
    ['*, "a"', undefined],
    ['"a", *', undefined],
    ["'a'", undefined],
    ['"\u007f"', undefined],
  ])('%j', (header, tags) => {
    expect(parseEntityTags(header)).toEqual(tags);
  });

  it('are none in what is no text', () => {
    expect([3, null, ['"a"'], {}].map(parseEntityTags)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('are found in time that grows with the header, whatever is in it', () => {
    const header = `"a"${' '.repeat(100_000)}x`;
    const before = performance.now();
    expect(parseEntityTags(header)).toBeUndefined();
    expect(parseEntityTags(`${' ,'.repeat(100_000)}x`)).toBeUndefined();
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});

describe('a date of HTTP', () => {
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'is read as %s',
    (text) => {
      expect(parseHttpDate(text)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
    },
  );

  it.each([
    '1994-11-06T08:49:37Z',
    'yesterday',
    '0',
    '',
    'Sun, 06 Nov 1994 08:49:37 +0200',
    'Sun, 99 Nov 1994 08:49:37 GMT',
  ])('is not %j', (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });
});

describe('the preconditions of a request', () => {
  it('are none where no header asks for one', () => {
    expect(parsePreconditions({})).toBeUndefined();
  });

  it.each([
    ['If-Match', { ifMatch: 'garbage' }],
    ['If-None-Match', { ifNoneMatch: '"a' }],
  ])('say how %s is written when it is not', (name, headers) => {
    const refusal = new AtomeError(
      'invalid',
      `${name} must be * or entity tags in quotes, with commas between them, such as "v3"`,
    );
    expect(() => parsePreconditions(headers)).toThrow(refusal);
  });

  it('leave out a date that is none', () => {
    expect(parsePreconditions({ ifUnmodifiedSince: 'yesterday' })).toEqual({});
  });
});

const SELECTED: Selected = { etag: '"tag-of-3"', version: 3, updatedAt: '2026-01-31T12:00:00.500Z' };
const THEN = 'Sat, 31 Jan 2026 12:00:00 GMT';
const BEFORE = 'Sat, 31 Jan 2026 11:59:59 GMT';

const failed = (headers: ConditionalHeaders, selected: Selected | undefined): string | undefined =>
  failedPrecondition(parsePreconditions(headers) ?? {}, selected);

describe('a precondition', () => {
  it.each<[ConditionalHeaders, onOne: boolean, onNone: boolean]>([
    [{}, true, true],
    [{ ifMatch: '*' }, true, false],
    [{ ifMatch: '"tag-of-3"' }, true, false],
    [{ ifMatch: '"v3"' }, true, false],
    [{ ifMatch: '"other", "tag-of-3"' }, true, false],
    [{ ifMatch: '"v1", "v3"' }, true, false],
    [{ ifMatch: 'W/"tag-of-3"' }, false, false],
    [{ ifMatch: 'W/"v3"' }, false, false],
    [{ ifMatch: 'W/"v3", "v3"' }, true, false],
    [{ ifMatch: '"other"' }, false, false],
    [{ ifMatch: '"tag-of-3-gzip"' }, false, false],
    [{ ifMatch: '"v03"' }, false, false],
    [{ ifMatch: '"V3"' }, false, false],
    [{ ifMatch: '"*"' }, false, false],
    [{ ifMatch: '' }, false, false],
    [{ ifNoneMatch: '*' }, false, true],
    [{ ifNoneMatch: '"tag-of-3"' }, false, true],
    [{ ifNoneMatch: 'W/"tag-of-3"' }, false, true],
    [{ ifNoneMatch: '"v3"' }, false, true],
    [{ ifNoneMatch: '"v2", "other"' }, true, true],
    [{ ifNoneMatch: '' }, true, true],
    [{ ifMatch: '"v3"', ifNoneMatch: '*' }, false, false],
    [{ ifMatch: '"v3"', ifNoneMatch: '"other"' }, true, false],
    [{ ifUnmodifiedSince: THEN }, true, true],
    [{ ifUnmodifiedSince: BEFORE }, false, true],
    [{ ifUnmodifiedSince: 'yesterday' }, true, true],
    [{ ifMatch: '"v3"', ifUnmodifiedSince: BEFORE }, true, false],
    [{ ifMatch: '"v2"', ifUnmodifiedSince: THEN }, false, false],
  ])('%j holds for an atome at version 3: %s, and where there is none: %s', (headers, onOne, onNone) => {
    expect([failed(headers, SELECTED) === undefined, failed(headers, undefined) === undefined]).toEqual([
      onOne,
      onNone,
    ]);
  });

  it('says what to do when it fails', () => {
    expect(failed({ ifMatch: '"other"' }, SELECTED)).toMatch(/at version 3.*read it again and repeat/);
    expect(failed({ ifMatch: 'W/"tag-of-3"' }, SELECTED)).toMatch(/a weak tag never matches, so send "v3"/);
    expect(failed({ ifMatch: '*' }, undefined)).toMatch(/no atome.*leave the header out/);
    expect(failed({ ifNoneMatch: '*' }, SELECTED)).toMatch(/is there, at version 3/);
    expect(failed({ ifUnmodifiedSince: BEFORE }, SELECTED)).toMatch(/read it again and repeat/);
  });
});

it('keeps what a reader has only by its whole tag, not by a version that any ledger may have', () => {
  const names = (opaque: string) => isKept([{ opaque, isWeak: false }], SELECTED);
  expect([names('"tag-of-3"'), names('"v3"'), isKept('*', SELECTED), isKept([], SELECTED)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
