import { describe, expect, it } from '@jest/globals';
import { refusal } from '../../../test/support/refusal.js';
import type { JsonObject } from '../json.js';
import { DEFAULT_LIMITS } from '../limits.js';
import { parseMutate } from './mutate.js';

const envelope = { type: 'mutate', opId: 'op-1', atomeId: 'a1' };
const parse = (fields: JsonObject): ReturnType<typeof parseMutate> =>
  parseMutate({ ...envelope, ...fields }, DEFAULT_LIMITS);

describe('parseMutate', () => {
  it.each<[operation: string, sent: JsonObject, changes: unknown]>([
    [
      'create',
      { kind: 'note', atomeType: 'round', data: { a: 1 }, meta: { b: 2 }, parentId: 'p1' },
      { kind: 'note', type: 'round', data: { a: 1 }, meta: { b: 2 }, parentId: 'p1' },
    ],
    ['create', { kind: 'note', data: {} }, { kind: 'note', type: null, data: {}, meta: {}, parentId: null }],
    ['update', { changes: { a: null } }, { a: null }],
    ['replace', { data: { a: 1 }, parentId: null }, { data: { a: 1 }, parentId: null }],
    ['replace', { kind: 'shape', atomeType: null, meta: {} }, { kind: 'shape', type: null, meta: {} }],
    ['patch', { changes: { a: { b: null } } }, { a: { b: null } }],
    ['patch', { changes: [{ op: 'remove', path: '/a' }] }, [{ op: 'remove', path: '/a' }]],
    ['rename', { changes: { name: 'x' } }, { name: 'x' }],
    ['tag', { changes: { tags: ['x'] } }, { tags: ['x'] }],
    ['delete', {}, {}],
    ['restore', { changes: { version: 2 } }, { version: 2 }],
  ])('takes %s %j', (operation, sent, changes) => {
    expect(parse({ operation, ...sent })).toEqual({
      opId: 'op-1',
      atomeId: 'a1',
      baseVersion: null,
      hlc: null,
      reason: null,
      operation,
      changes,
    });
  });

  it('still takes writes to an atome that was called null before', () => {
    expect(parse({ operation: 'delete', atomeId: 'null' })).toMatchObject({ atomeId: 'null' });
  });

  it('takes what a write may say about itself', () => {
    const said = { baseVersion: 3, hlc: '001700000000000-0000-n1', reason: 'because' };
    expect(parse({ operation: 'delete', ...said })).toMatchObject(said);
  });

  it('names a new atome that has no id', () => {
    const create = { type: 'mutate', opId: 'op-1', operation: 'create', kind: 'note', data: {} };
    expect(parseMutate(create, DEFAULT_LIMITS).atomeId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each<[why: string, sent: JsonObject, paths: string[]]>([
    ['no operation', {}, ['operation']],
    ['an unknown operation, and does not guess at the rest', { operation: 'explode', changes: {} }, ['operation']],
    ['opId', { operation: 'delete', opId: '' }, ['opId']],
    ['opId with spaces', { operation: 'delete', opId: 'a b' }, ['opId']],
    ['atomeId', { operation: 'delete', atomeId: 'a/b' }, ['atomeId']],
    ['baseVersion', { operation: 'delete', baseVersion: 0 }, ['baseVersion']],
    ['hlc', { operation: 'delete', hlc: 'noon' }, ['hlc']],
    ['reason', { operation: 'delete', reason: 'x'.repeat(1_001) }, ['reason']],
    ['control characters', { operation: 'delete', reason: 'a\u0000b' }, ['reason']],
    ['what is beside the version', { operation: 'restore', changes: { version: 1, data: {} } }, ['changes.data']],
    ['an id that means none', { operation: 'create', atomeId: 'null', kind: 'note', data: {} }, ['atomeId']],
    ['a parent that means none', { operation: 'create', kind: 'note', data: {}, parentId: 'null' }, ['parentId']],
    ['a parent that means none, in a replace', { operation: 'replace', parentId: 'null' }, ['parentId']],
    ['what create needs', { operation: 'create' }, ['kind', 'data']],
    [
      'the types of content',
      { operation: 'create', kind: 'no te', atomeType: 1, data: [], meta: 'x', parentId: 7 },
      ['kind', 'atomeType', 'data', 'meta', 'parentId'],
    ],
    ['missing changes', { operation: 'update' }, ['changes']],
    ['changes that are no object', { operation: 'update', changes: [] }, ['changes']],
    ['a replace of nothing', { operation: 'replace' }, ['']],
    ['name', { operation: 'rename', changes: { name: 1 } }, ['changes.name']],
    ['another field beside the name', { operation: 'rename', changes: { name: 'x', b: 1 } }, ['changes.b']],
    ['tags', { operation: 'tag', changes: { tags: ['x', 1] } }, ['changes.tags']],
    ['version', { operation: 'restore', changes: { version: 1.5 } }, ['changes.version']],
    ['a version too high', { operation: 'restore', changes: { version: 2 ** 31 } }, ['changes.version']],
    ['a field of another operation', { operation: 'delete', changes: {} }, ['changes']],
    ['an unknown field', { operation: 'delete', colour: 'red' }, ['colour']],
    ['every bad field at once', { operation: 'delete', opId: 1, hlc: 1, colour: 'red' }, ['opId', 'hlc', 'colour']],
  ])('refuses %s: %j', (_why, sent, paths) => {
    expect(refusal(() => parse(sent))).toEqual(['invalid', ...paths]);
  });

  it.each<[step: unknown, path: string]>([
    ['remove', 'changes.0'],
    [{ op: 'eat', path: '/a' }, 'changes.0.op'],
    [{ op: 'remove' }, 'changes.0.path'],
    [{ op: 'remove', path: 'a' }, 'changes.0.path'],
    [{ op: 'remove', path: '/a~2' }, 'changes.0.path'],
    [{ op: 'add', path: '/a' }, 'changes.0.value'],
    [{ op: 'move', path: '/a' }, 'changes.0.from'],
    [{ op: 'add', path: '/a/__proto__/b', value: 1 }, 'changes.0.path'],
    [{ op: 'copy', from: '/constructor', path: '/a' }, 'changes.0.from'],
  ])('refuses the JSON Patch step %j', (step, path) => {
    expect(refusal(() => parse({ operation: 'patch', changes: [step] as never }))).toEqual(['invalid', path]);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('refuses the key %s', (key) => {
    const changes = JSON.parse(`{"a":{"${key}":1}}`) as JsonObject;
    expect(refusal(() => parse({ operation: 'update', changes }))).toEqual(['invalid', 'changes.a']);
  });
});
