import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { applyPatch, createPatch, Pointer } from 'rfc6902';
import { json, patch } from '../../../test/support/models/arbitraries.js';
import { AtomeError } from '../errors.js';
import { jsonPatch, pointerTokens, type JsonPatch, type JsonPatchStep } from './json-patch.js';
import type { JsonValue } from '../json.js';

describe('pointerTokens', () => {
  it.each([
    ['', []],
    ['/', ['']],
    ['/a/0', ['a', '0']],
    ['/a~1b/m~0n', ['a/b', 'm~n']],
    ['/~01', ['~1']],
  ])('RFC 6901: %j', (pointer, tokens) => {
    expect(pointerTokens(pointer)).toEqual(tokens);
  });
});

describe('jsonPatch', () => {
  it.each<[name: string, document: JsonValue, steps: JsonPatch, result: JsonValue]>([
    ['A.1', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
    ['A.2', { foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    ['A.3', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    ['A.4', { foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
    ['A.5', { baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [
      'A.6',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    ['A.7', { foo: ['a', 'b', 'c'] }, [{ op: 'move', from: '/foo/0', path: '/foo/2' }], { foo: ['b', 'c', 'a'] }],
    [
      'A.8',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [
      'A.10',
      { foo: 'bar' },
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    ['A.14', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    ['A.16', { foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc'] }], { foo: ['bar', ['abc']] }],
    ['the root', { foo: 1 }, [{ op: 'replace', path: '', value: [] }], []],
  ])('RFC 6902, Appendix %s', (_name, document, steps, result) => {
    expect(jsonPatch(document, steps)).toEqual(result);
  });

  it.each<[name: string, document: JsonValue, step: JsonPatch[number]]>([
    ['A.9, another value', { baz: 'qux' }, { op: 'test', path: '/baz', value: 'bar' }],
    ['A.12, no parent', { foo: 'bar' }, { op: 'add', path: '/baz/bat', value: 'qux' }],
    ['A.15, text for a number', { '/': 9, '~1': 10 }, { op: 'test', path: '/~01', value: '10' }],
    ['a missing member', {}, { op: 'remove', path: '/a' }],
    ['replacing nothing', {}, { op: 'replace', path: '/a', value: 1 }],
    ['beyond the end', { a: [] }, { op: 'add', path: '/a/1', value: 1 }],
    ['an index with a leading zero', { a: [1, 2] }, { op: 'remove', path: '/a/01' }],
    ['the element after the last', { a: [1] }, { op: 'replace', path: '/a/-', value: 1 }],
    ['into itself', { a: { b: 1 } }, { op: 'move', from: '/a', path: '/a/b' }],
    ['the whole document', { a: 1 }, { op: 'remove', path: '' }],
    ['an inherited member', {}, { op: 'test', path: '/toString', value: null }],
  ])('refuses %s and says which step', (_name, document, step) => {
    const before = structuredClone(document);
    const steps: JsonPatch = [{ op: 'add', path: '', value: structuredClone(document) }, step];
    expect(() => jsonPatch(document, steps)).toThrow(
      expect.objectContaining({ code: 'patch_failed', details: expect.objectContaining({ step: 1 }) }),
    );
    expect(document).toEqual(before);
  });

  it('refuses a path as long as a message without telling all of it', () => {
    let refusal: unknown;
    try {
      jsonPatch({}, [{ op: 'add', path: '/a'.repeat(500_000), value: 1 }]);
    } catch (error) {
      refusal = error;
    }
    expect(JSON.stringify((refusal as AtomeError).toBody()).length).toBeLessThan(1_000);
  });

  it('lets copies add no more values than it was told', () => {
    const doubling: JsonPatch = Array.from({ length: 30 }, () => ({ op: 'copy', from: '/l', path: '/l/-' }));
    expect(() => jsonPatch({ l: [1] }, doubling, { values: 10_000, chars: 10_000 })).toThrow(/copy too many values/);
    expect(jsonPatch({ l: [1] }, doubling.slice(0, 1), { values: 2, chars: 10 })).toEqual({ l: [1, [1]] });
  });

  describe('bounded as a message is', () => {
    const budget = { values: 10_000, chars: 1_000_000 };
    const long = 'x'.repeat(900_000);
    const many = (step: JsonPatchStep): JsonPatch => Array.from({ length: 2_500 }, () => step);

    it('copies no more characters than it was told, and none of those that are too many', () => {
      const copying = many({ op: 'copy', from: '/big', path: '/other' });
      expect(() => jsonPatch({ big: long }, copying, budget)).toThrow(
        expect.objectContaining({
          message: expect.stringContaining('too many characters'),
          details: { step: 1, path: '/big' },
        }),
      );
    });

    it.each<[string, JsonPatchStep, JsonValue]>([
      ['keys of an object', { op: 'copy', from: '/o', path: '/other' }, { o: { [long]: 1 } }],
      ['text in a list', { op: 'copy', from: '/o', path: '/other' }, { o: [['a', long]] }],
    ])('counts characters of %s', (_name, step, document) => {
      expect(jsonPatch(document, [step], budget)).toHaveProperty('other');
      expect(() => jsonPatch(document, [step, step], budget)).toThrow('too many characters');
    });

    const keys = Object.fromEntries(Array.from({ length: 90_000 }, (_, at) => [`key${at}`, at]));
    it.each<[string, JsonPatchStep, JsonValue]>([
      ['compare a large object', { op: 'test', path: '/o', value: keys }, { o: keys }],
      ['look at all keys below', { op: 'test', path: '/o', value: [keys] }, { o: [keys] }],
      ['insert before a long list', { op: 'add', path: '/l/0', value: 1 }, { l: Array<number>(500_000).fill(0) }],
    ])('does not %s again and again', (_name, step, document) => {
      expect(jsonPatch(document, [step], budget)).toBeDefined();
      expect(() => jsonPatch(document, many(step), budget)).toThrow('move or compare too much');
    });
  });

  it('does what another implementation does, wherever it accepts a patch', () => {
    const inside = patch.map((steps) =>
      steps.filter((step) => step.path !== '' && !('from' in step && step.from === '')),
    );
    fc.assert(
      fc.property(json, inside, (document, steps) => {
        let ours: JsonValue;
        try {
          ours = jsonPatch(document, steps);
        } catch (error) {
          expect(error).toBeInstanceOf(AtomeError);
          return;
        }
        const theirs = copy(document);
        expect(steps.flatMap((step) => applyByParts(theirs, step)).filter((error) => error !== null)).toEqual([]);
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 500 },
    );
  });

  it('applies what another implementation finds to be the difference', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        expect(jsonPatch(before, createPatch(before, after) as JsonPatch)).toEqual(after);
      }),
    );
  });
});

/** The RFC's own definition of `move`: take away, then add. */
function applyByParts(document: JsonValue, step: JsonPatch[number]): (Error | null)[] {
  if (step.op !== 'move') return applyPatch(document, [copy(step)]);
  const value = copy(Pointer.fromJSON(step.from).get(document) as JsonValue);
  const { from, path } = step;
  return applyPatch(document, [
    { op: 'remove', path: from },
    { op: 'add', path, value },
  ]);
}

/** A copy out of this realm's own arrays, which the other implementation looks for. */
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
