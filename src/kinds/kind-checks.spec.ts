import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { kindProblems, parseKinds } from './kind-checks.js';

const standard = (validate: (value: unknown) => unknown) => ({ '~standard': { version: 1, vendor: 'test', validate } });

/** The code under a heading of a page of the documentation. */
function exampleIn(page: string, language: string, place = 1): string {
  const text = readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8');
  const [, section = ''] = text.split('\n## Kinds\n');
  return section.split('```' + language + '\n')[place]!.split('```')[0]!;
}

/** Runs TypeScript. */
async function run<T>(text: string): Promise<T> {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  return (await import(`data:text/javascript,${encodeURIComponent(outputText)}`)) as T;
}

describe('the options of kinds', () => {
  it.each<[what: string, kinds: unknown, name: string, expected: string | RegExp]>([
    ['no object', [], '', /^expected an object of options by kind/],
    ['a name that is no kind', { 'a b': {} }, 'a b', /^cannot be a kind/],
    ['a kind that is no object', { note: true }, 'note', 'expected an object'],
    [
      'an unknown option',
      { note: { shema: {} } },
      'note.shema',
      /^there is no such option; there are schema, defaults/,
    ],
    ['a schema that is none', { note: { schema: 'string' } }, 'note.schema', /^expected a JSON Schema/],
    [
      'a keyword that there is not',
      { note: { schema: { propertes: {} } } },
      'note.schema',
      'strict mode: unknown keyword: "propertes"',
    ],
    [
      'a keyword with a wrong value',
      { note: { schema: { properties: { n: { minimum: 'x' } } } } },
      'note.schema',
      '/properties/n/minimum must be number',
    ],
    [
      'a type that there is not',
      { note: { schema: { type: 'objct' } } },
      'note.schema',
      /^\/type must be equal to one/,
    ],
    ['a format that there is not', { note: { schema: { format: 'emial' } } }, 'note.schema', /^unknown format "emial"/],
    [
      'a pattern that is none',
      { note: { schema: { pattern: '(' } } },
      'note.schema',
      /^a "pattern" of it is none: .*\(/,
    ],
    [
      'a reference to what is elsewhere',
      { note: { schema: { $ref: 'https://elsewhere.example/s' } } },
      'note.schema',
      /^can't resolve reference https:\/\/elsewhere/,
    ],
    [
      'an asynchronous schema',
      { note: { schema: { $async: true } } },
      'note.schema',
      /"\$async"; a schema must decide/,
    ],
    [
      'another dialect',
      { note: { schema: { $schema: 'http://json-schema.org/draft-07/schema#' } } },
      'note.schema',
      /^its \$schema is "http:\/\/json-schema.org\/draft-07\/schema#"; write it in https:.*2020-12/,
    ],
    [
      'a Standard Schema that is asynchronous',
      { note: { schema: standard(() => Promise.reject(new Error('late'))) } },
      'note.schema',
      /^it decides asynchronously/,
    ],
    ['defaults that are no object', { note: { defaults: [] } }, 'note.defaults', 'expected an object'],
    ['a default that is no JSON', { note: { defaults: { n: Infinity } } }, 'note.defaults', /^n is a number that JSON/],
    ['keys that are no list', { note: { readonly: 'total' } }, 'note.readonly', 'expected an array of keys of data'],
    ['a hook that is none', { note: { beforeWrite: true } }, 'note.beforeWrite', 'expected a function'],
    ...['data.list.0', 'data.list.-1', 'data.a.+2.b', 'data.a.b. 3'].map((path): [string, unknown, string, RegExp] => [
      `an index of a place in an array, ${path}`,
      { note: { indexed: ['data.0', 'data.n1.x2', path] } },
      'note.indexed',
      /^expected no key that is a whole number behind the first, not "data\./,
    ]),
    ['keys that are no texts', { note: { immutable: [1] } }, 'note.immutable', 'expected an array of keys of data'],
  ])('are refused for %s', (_what, kinds, name, expected) => {
    const problems = kindProblems(kinds);
    expect(problems).toEqual([[name, typeof expected === 'string' ? expected : expect.stringMatching(expected)]]);
  });

  it('are told with all that does not fit', () => {
    const kinds = { note: { schema: { type: 'x' }, readonly: 1 }, task: { schema: 7 } };
    expect(kindProblems(kinds).map(([name]) => name)).toEqual(['note.schema', 'note.readonly', 'task.schema']);
  });

  it('may have schemas of one name, with definitions and every format', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'https://app.example/same',
      $defs: { day: { type: 'string', format: 'date' } },
      properties: { due: { $ref: '#/$defs/day' }, at: { format: 'date-time' }, mail: { format: 'email' } },
      unevaluatedProperties: false,
    };
    const kinds = { note: { schema }, task: { schema: { ...schema } }, free: {}, other: { schema: undefined } };
    expect(kindProblems(kinds)).toEqual([]);
  });

  it('may be many, with long names', () => {
    const $id = `https://app.example/${'a'.repeat(10_000)}`;
    const kinds = Array.from({ length: 100 }, (_, n) => [`kind${n}`, { schema: { $id: `${$id}${n}` } }] as const);
    expect(kindProblems(Object.fromEntries(kinds))).toEqual([]);
  });

  it('are read from a file, and named in it', () => {
    expect(parseKinds('{"note":{"schema":{"type":"object"}}}')).toEqual({ note: { schema: { type: 'object' } } });
    expect(() => parseKinds('{')).toThrow(/^it is not JSON: /);
    expect(() => parseKinds('7')).toThrow(/^expected an object/);
    expect(() => parseKinds('{"note":{"schema":{"tipe":"object"}},"task":7}')).toThrow(
      'note.schema: strict mode: unknown keyword: "tipe"; task: expected an object',
    );
  });

  it('are those of the examples of the documentation', async () => {
    expect(Object.keys(parseKinds(exampleIn('operations', 'json')))).toEqual(['order']);
    const { kinds } = await run<{ kinds: object }>(exampleIn('embedding', 'ts'));
    expect([Object.keys(kinds), kindProblems(kinds)]).toEqual([['order'], []]);
    const { beforeWrite } = await run<{ beforeWrite: (...args: object[]) => Promise<unknown> }>(
      `class AtomeError extends Error {}\n${exampleIn('embedding', 'ts', 2)}`,
    );
    const write = { operation: 'update', changes: { count: 3 } };
    const context = { principal: { id: 'alice' }, atome: null, get: () => ({ data: { each: 2 } }) };
    expect(await beforeWrite(write, context)).toEqual({
      changes: { count: 3, total: 6 },
      add: [{ operation: 'create', kind: 'entry', data: { by: 'alice', count: 3 } }],
    });
    await expect(beforeWrite(write, { ...context, atome: { data: { state: 'sent' } } })).rejects.toThrow();
    expect(await beforeWrite({ operation: 'delete', changes: {} }, context)).toBeUndefined();
  });
});
