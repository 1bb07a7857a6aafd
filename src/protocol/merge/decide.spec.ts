import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AtomeLog } from '../../../test/support/clients/atome-log.js';
import type { Content } from '../atome.js';
import { decide, type Decision } from './decide.js';
import type { JsonObject } from '../json.js';
import { DEFAULT_LIMITS } from '../limits.js';
import type { Change } from '../operations.js';

const CONTENT: Content = { kind: 'note', type: null, data: { title: 'one', body: 'text' }, meta: {}, parentId: null };
const applied = (...superseded: string[]): Decision => ({ outcome: 'applied', superseded });
const NOOP: Decision = { outcome: 'noop' };

/* Stamps are 't1', 't2' …: only their order counts. */
describe('a write', () => {
  let log: AtomeLog;

  /** Without what it has handed to the fold. */
  const write = (change: Change, hlc: string, baseVersion: number | null = null): Decision => {
    const decision = log.write({ opId: null, atomeId: 'a1', baseVersion, hlc, reason: null, ...change }, hlc);
    return decision.outcome === 'noop' ? decision : applied(...decision.superseded);
  };
  const create = (hlc: string, content: Partial<Content> = {}): Decision =>
    write({ operation: 'create', changes: { ...CONTENT, ...content } }, hlc);
  const update = (changes: JsonObject, hlc: string, baseVersion: number | null = null): Decision =>
    write({ operation: 'update', changes }, hlc, baseVersion);
  const remove = (hlc: string): Decision => write({ operation: 'delete', changes: {} }, hlc);

  beforeEach(() => {
    log = new AtomeLog();
  });

  describe('create', () => {
    it('makes version 1, owned by its author', () => {
      expect(create('t1')).toEqual(applied());
      expect(log.state).toMatchObject({ id: 'a1', version: 1, ownerId: 'somebody', deletedAt: null, ...CONTENT });
    });

    it('is a no-op when it says what is already so, and refused when not', () => {
      create('t1');
      expect(create('t2')).toEqual(NOOP);
      expect(() => create('t2', { kind: 'shape' })).toThrow(expect.objectContaining({ code: 'exists' }));
    });

    it('does not bring back what was deleted', () => {
      create('t1');
      remove('t2');
      expect(() => create('t3')).toThrow(expect.objectContaining({ code: 'gone' }));
    });
  });

  describe('with a key that is too long', () => {
    const [long, fits] = ['é'.repeat(129), 'é'.repeat(128)];

    it.each<[string, Change]>([
      ['update', { operation: 'update', changes: { [long]: 1 } }],
      ['merge patch', { operation: 'patch', changes: { [long]: 1 } }],
      ['JSON Patch', { operation: 'patch', changes: [{ op: 'add', path: `/${long}`, value: 1 }] }],
      ['move', { operation: 'patch', changes: [{ op: 'move', from: '/title', path: `/${long}` }] }],
      ['replace', { operation: 'replace', changes: { meta: { [long]: 1 } } }],
    ])('is refused: %s', (_name, change) => {
      create('t1');
      expect(() => write(change, 't2')).toThrow(expect.objectContaining({ code: 'invalid' }));
    });

    it('is refused in what it creates, and taken a byte shorter', () => {
      expect(() => create('t1', { data: { [long]: 1 } })).toThrow(expect.objectContaining({ code: 'invalid' }));
      expect(create('t1', { data: { [fits]: 1 } })).toEqual(applied());
    });
  });

  it('needs an atome to act on', () => {
    expect(() => update({ title: 'two' }, 't1')).toThrow(expect.objectContaining({ code: 'not_found' }));
    expect(() => remove('t1')).toThrow(expect.objectContaining({ code: 'not_found' }));
  });

  it('is refused when it is based on another version', () => {
    create('t1');
    update({ title: 'two' }, 't2', 1);
    expect(() => update({ title: 'three' }, 't3', 1)).toThrow(
      expect.objectContaining({ code: 'conflict', details: { version: 2 } }),
    );
  });

  it('adds nothing when it would change nothing', () => {
    create('t1');
    expect(update({ title: 'one' }, 't2')).toEqual(NOOP);
    expect(update({}, 't2')).toEqual(NOOP);
    expect(write({ operation: 'rename', changes: { name: 'x' } }, 't2')).toEqual(applied());
    expect(write({ operation: 'rename', changes: { name: 'x' } }, 't3')).toEqual(NOOP);
    expect(log.state?.version).toBe(2);
  });

  describe('meeting another write', () => {
    beforeEach(() => void create('t1'));

    it('wins on the keys where it is newer and loses on those where it is older', () => {
      update({ title: 'newest' }, 't5');
      expect(update({ title: 'late', body: 'fresh' }, 't3')).toEqual(applied('data.title'));
      expect(log.state?.data).toEqual({ title: 'newest', body: 'fresh' });
      expect(log.alterations.at(-1)?.changes).toEqual({ title: 'late', body: 'fresh' });
    });

    it('is kept as a version even when it loses on every key', () => {
      update({ title: 'newest' }, 't5');
      expect(update({ title: 'late' }, 't3')).toEqual(applied('data.title'));
      expect(log.state).toMatchObject({ version: 3, data: { title: 'newest' } });
    });

    it('wins by arrival when the stamps are the same', () => {
      update({ title: 'first' }, 't5');
      expect(update({ title: 'second' }, 't5')).toEqual(applied());
      expect(log.state?.data.title).toBe('second');
    });

    it('does not bring back a key that a newer write took away', () => {
      write({ operation: 'replace', changes: { data: { title: 'one' } } }, 't5');
      expect(update({ body: 'late' }, 't3')).toEqual(applied('data.body'));
      expect(log.state?.data).toEqual({ title: 'one' });
      expect(update({ body: 'new' }, 't6')).toEqual(applied());
      expect(log.state?.data).toEqual({ title: 'one', body: 'new' });
    });

    it('does not get past a newer replace on a key that neither had before', () => {
      write({ operation: 'replace', changes: { data: { title: 'whole' }, meta: { tags: ['a'] } } }, 't5');
      expect(update({ colour: 'red' }, 't3')).toEqual(applied('data.colour'));
      expect(write({ operation: 'replace', changes: { meta: { mood: 1 } } }, 't4')).toEqual(
        applied('meta.mood', 'meta.tags'),
      );
      expect(log.state).toMatchObject({ data: { title: 'whole' }, meta: { tags: ['a'] } });
      expect(update({ colour: 'red' }, 't6')).toEqual(applied());
    });

    it('adds a key that nobody has written, however old it is', () => {
      update({ title: 'newest' }, 't5');
      expect(update({ colour: 'red' }, 't0')).toEqual(applied());
    });

    it('keeps the stamp of a key that it sets to the value it has', () => {
      update({ title: 'x' }, 't5');
      update({ title: 'x', body: 'y' }, 't3');
      expect(update({ title: 'late' }, 't4')).toEqual(applied('data.title'));
    });

    it('meets it on kind, type, parentId and meta as well', () => {
      write({ operation: 'replace', changes: { kind: 'shape', meta: { tags: ['b'] } } }, 't5');
      const late = { kind: 'order', type: 'round', parentId: 'p1', meta: { tags: ['a'] } };
      expect(write({ operation: 'replace', changes: late }, 't3')).toEqual(applied('kind', 'meta.tags'));
      expect(log.state).toMatchObject({ kind: 'shape', type: 'round', parentId: 'p1', meta: { tags: ['b'] } });
    });
  });

  describe('operations', () => {
    beforeEach(() => void create('t1'));

    it('update sets top-level keys; null is a value', () => {
      update({ title: null, deep: { a: 1 } }, 't2');
      expect(log.state?.data).toEqual({ title: null, body: 'text', deep: { a: 1 } });
    });

    it('replace sets the named parts whole and no others', () => {
      write({ operation: 'replace', changes: { data: { only: 1 } } }, 't2');
      expect(log.state).toMatchObject({ kind: 'note', data: { only: 1 } });
      expect(log.state?.data).not.toHaveProperty('title');
    });

    it('patch merges, and takes away what is null', () => {
      update({ deep: { a: 1, b: 2 } }, 't2');
      write({ operation: 'patch', changes: { title: null, deep: { b: null, c: 3 } } }, 't3');
      expect(log.state?.data).toEqual({ body: 'text', deep: { a: 1, c: 3 } });
    });

    it('rename sets data.name, tag sets meta.tags', () => {
      write({ operation: 'rename', changes: { name: 'mine' } }, 't2');
      write({ operation: 'tag', changes: { tags: ['a', 'b'] } }, 't3');
      expect(log.state).toMatchObject({ data: { name: 'mine' }, meta: { tags: ['a', 'b'] } });
    });

    it('delete marks it once; then it takes no other write', () => {
      expect(remove('t2')).toEqual(applied());
      expect(log.state).toMatchObject({ version: 2, deletedAt: expect.any(String) });
      expect(remove('t3')).toEqual(NOOP);
      expect(() => update({ title: 'two' }, 't4')).toThrow(expect.objectContaining({ code: 'gone' }));
    });

    it('restore writes an earlier state as a new version, also of what was deleted', () => {
      update({ title: 'two', extra: 1 }, 't2');
      remove('t3');
      expect(write({ operation: 'restore', changes: { version: 1, ...CONTENT } }, 't4')).toEqual(applied());
      expect(log.state).toMatchObject({ version: 4, deletedAt: null });
      expect(log.state?.data).toEqual(CONTENT.data);
    });

    it('a delete that is older than a restore loses', () => {
      remove('t2');
      write({ operation: 'restore', changes: { version: 1, ...CONTENT } }, 't5');
      expect(remove('t3')).toEqual(applied('deleted'));
      expect(log.state?.deletedAt).toBeNull();
    });
  });

  describe('JSON Patch', () => {
    beforeEach(() => void create('t1', { data: { list: [1, 2], title: 'one' } }));

    it('applies to the value as it is, whatever its stamp', () => {
      update({ list: [1, 2, 3] }, 't5');
      expect(write({ operation: 'patch', changes: [{ op: 'add', path: '/list/-', value: 4 }] }, 't2')).toEqual(
        applied(),
      );
      expect(log.state?.data.list).toEqual([1, 2, 3, 4]);
      expect(update({ list: [] }, 't4')).toEqual(applied('data.list'));
    });

    it('takes nothing when one step does not fit', () => {
      const changes = [
        { op: 'replace' as const, path: '/title', value: 'two' },
        { op: 'test' as const, path: '/list', value: [] },
      ];
      expect(() => write({ operation: 'patch', changes }, 't2')).toThrow(
        expect.objectContaining({ code: 'patch_failed', details: { step: 1, path: '/list' } }),
      );
      expect(log.state).toMatchObject({ version: 1, data: { title: 'one' } });
    });

    it('moves keys, and leaves data an object', () => {
      write({ operation: 'patch', changes: [{ op: 'move', from: '/title', path: '/name' }] }, 't2');
      expect(log.state?.data).toEqual({ list: [1, 2], name: 'one' });
      expect(() => write({ operation: 'patch', changes: [{ op: 'replace', path: '', value: [] }] }, 't3')).toThrow(
        expect.objectContaining({ code: 'patch_failed' }),
      );
    });

    it('cannot build what could not be sent', () => {
      const deepen = Array.from({ length: 40 }, () => [
        { op: 'add' as const, path: '/next', value: {} },
        { op: 'move' as const, from: '/list', path: '/next/list' },
        { op: 'move' as const, from: '/next', path: '/list' },
      ]).flat();
      expect(() => write({ operation: 'patch', changes: deepen }, 't2')).toThrow(
        expect.objectContaining({ code: 'too_complex' }),
      );
    });

    it('looks at the keys of a document a few times, and not for each step that names all of it', () => {
      const changes = Array.from({ length: 3_000 }, () => ({ op: 'add' as const, path: '', value: {} }));
      update(Object.fromEntries(Array.from({ length: 9_000 }, (_, i) => [`key${i}`, i])), 't2');
      const looks = (['keys', 'entries'] as const).map((name) => jest.spyOn(Object, name));
      expect(write({ operation: 'patch', changes }, 't3')).toEqual(applied());
      const counts = looks.map(({ mock }) => mock.results.reduce((sum, { value }) => sum + (value as []).length, 0));
      looks.forEach((look) => look.mockRestore());
      expect(counts[0]! + counts[1]!).toBeLessThan(100_000);
    });
  });

  it('leaves the state it is decided against as it was', () => {
    create('t1');
    const before = structuredClone(log.state);
    const mutation = { opId: null, atomeId: 'a1', baseVersion: null, hlc: null, reason: null };
    decide(log.state, { ...mutation, operation: 'update', changes: { title: 'two' } }, 't2', DEFAULT_LIMITS);
    expect(log.state).toEqual(before);
  });
});
