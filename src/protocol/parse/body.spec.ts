import { describe, expect, it } from '@jest/globals';
import { refusal } from '../../../test/support/refusal.js';
import { DEFAULT_LIMITS as LIMITS } from '../limits.js';
import {
  JSON_PATCH,
  MERGE_PATCH,
  parseAlterBody,
  parseCreateBody,
  parseDeleteBody,
  parsePatchBody,
  parseRenameBody,
  parseReplaceBody,
  parseRestoreBody,
} from './body.js';

const NONE = {};
const envelope = { opId: null, atomeId: 'a1', baseVersion: null, hlc: null, reason: null };

describe('the body of', () => {
  it('create becomes a write, with or without an id', () => {
    const body = { id: 'a1', kind: 'note', data: { a: 1 } };
    expect(parseCreateBody(body, NONE, LIMITS)).toEqual({
      ...envelope,
      operation: 'create',
      changes: { kind: 'note', type: null, data: { a: 1 }, meta: {}, parentId: null },
    });
    expect(parseCreateBody({ kind: 'note', data: {} }, NONE, LIMITS).atomeId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('alter becomes a write', () => {
    const body = { operation: 'update', changes: { a: 1 }, reason: 'why' };
    expect(parseAlterBody('a1', body, NONE, LIMITS)).toEqual({
      ...envelope,
      reason: 'why',
      operation: 'update',
      changes: { a: 1 },
    });
  });

  it('alter names the write by device and time, unless a header does', () => {
    const body = { operation: 'update', changes: {}, deviceId: 'phone', timestamp: 17 };
    expect(parseAlterBody('a1', body, NONE, LIMITS).opId).toMatch(/^phone\/17\/a1\/[0-9a-z]+$/);
    expect(parseAlterBody('a1', body, { idempotencyKey: 'mine' }, LIMITS).opId).toBe('mine');
  });

  it.each<[first: object, second: object, areOne: boolean]>([
    [{ changes: { x: 1, y: { a: 1, b: 2 } } }, { changes: { y: { b: 2, a: 1 }, x: 1 } }, true],
    [{ changes: { x: 1 } }, { changes: { x: 2 } }, false],
    [{ changes: { x: [1, 2] } }, { changes: { x: [2, 1] } }, false],
    [{ changes: { x: 1 } }, { operation: 'patch', changes: { x: 1 } }, false],
    [{ changes: { x: 1 } }, { changes: { x: '1' } }, false],
  ])('alter at one time tells %j and %j apart by what they change', (first, second, areOne) => {
    const [one, other] = [first, second].map((change) => {
      const body = { operation: 'update', deviceId: 'phone', timestamp: 17, ...change };
      return parseAlterBody('a1', body, NONE, LIMITS).opId;
    });
    expect(one === other).toBe(areOne);
  });

  it('replace, rename, delete and restore become writes', () => {
    expect(parseReplaceBody('a1', { data: {} }, NONE, LIMITS)).toEqual({
      ...envelope,
      operation: 'replace',
      changes: { data: {} },
    });
    expect(parseRenameBody('a1', { newName: 'x' }, NONE, LIMITS)).toMatchObject({ changes: { name: 'x' } });
    expect(parseRestoreBody('a1', { version: 2 }, NONE, LIMITS)).toMatchObject({ changes: { version: 2 } });
  });

  it.each([undefined, null, {}])('delete may be %j', (body) => {
    expect(parseDeleteBody('a1', body, NONE, LIMITS)).toEqual({ ...envelope, operation: 'delete', changes: {} });
  });

  it('patch is read by its media type', () => {
    const steps = [{ op: 'remove', path: '/a' }];
    expect(parsePatchBody('a1', { body: { a: null }, mediaType: MERGE_PATCH }, NONE, LIMITS).changes).toEqual({
      a: null,
    });
    expect(parsePatchBody('a1', { body: { a: null }, mediaType: 'application/json' }, NONE, LIMITS).changes).toEqual({
      a: null,
    });
    expect(parsePatchBody('a1', { body: steps, mediaType: JSON_PATCH }, NONE, LIMITS).changes).toEqual(steps);
    expect(refusal(() => parsePatchBody('a1', { body: steps, mediaType: MERGE_PATCH }, NONE, LIMITS))).toEqual([
      'invalid',
      '',
    ]);
    expect(refusal(() => parsePatchBody('a1', { body: {}, mediaType: JSON_PATCH }, NONE, LIMITS))).toEqual([
      'invalid',
      '',
    ]);
    expect(refusal(() => parsePatchBody('a1', { body: {}, mediaType: 'text/plain' }, NONE, LIMITS))).toEqual([
      'unsupported_media_type',
    ]);
  });

  it.each<[call: string, parse: () => unknown, paths: string[]]>([
    ['create', () => parseCreateBody({ id: 'a b', meta: [] }, NONE, LIMITS), ['id', 'kind', 'data', 'meta']],
    ['create', () => parseCreateBody({ kind: 'n', data: {}, version: 1 }, NONE, LIMITS), ['version']],
    ['create', () => parseCreateBody([], NONE, LIMITS), ['', 'kind', 'data']],
    ['alter', () => parseAlterBody('a1', { operation: 'delete' }, NONE, LIMITS), ['operation']],
    ['alter', () => parseAlterBody('a1', { operation: 'update', changes: {}, by: 1 }, NONE, LIMITS), ['by']],
    ['alter', () => parseAlterBody('a1', undefined, NONE, LIMITS), ['', 'operation']],
    ['replace', () => parseReplaceBody('a1', {}, NONE, LIMITS), ['']],
    ['rename', () => parseRenameBody('a1', { name: 'x' }, NONE, LIMITS), ['newName', 'name']],
    ['delete', () => parseDeleteBody('a1', { why: 'x' }, NONE, LIMITS), ['why']],
    ['restore', () => parseRestoreBody('a1', { version: '2' }, NONE, LIMITS), ['version']],
    ['restore', () => parseRestoreBody('a1', { version: 2 ** 31 }, NONE, LIMITS), ['version']],
    ['any write', () => parseDeleteBody('a b', {}, NONE, LIMITS), ['id']],
  ])('%s names its bad fields', (_call, parse, paths) => {
    expect(refusal(parse)).toEqual(['invalid', ...paths]);
  });
});

describe('the headers of a write', () => {
  const parse = (headers: Parameters<typeof parseDeleteBody>[2]): ReturnType<typeof parseDeleteBody> =>
    parseDeleteBody('a1', undefined, headers, LIMITS);

  it('give it a name', () => {
    expect(parse({ idempotencyKey: 'op-1' })).toMatchObject({ opId: 'op-1', baseVersion: null });
  });

  it('are refused by name when they are malformed', () => {
    expect(refusal(() => parse({ idempotencyKey: 'a b' }))).toEqual(['invalid', 'Idempotency-Key']);
  });
});
