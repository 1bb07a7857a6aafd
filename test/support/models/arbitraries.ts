import fc from '../properties.js';
import {
  formatHlc,
  type Content,
  type Hlc,
  type JsonObject,
  type JsonPatch,
  type JsonPatchStep,
  type JsonValue,
  type ReadyMutation,
} from '../../../src/protocol/index.js';

/* What properties draw from. Keys and values are few, so that writes meet. */

export const key = fc.constantFrom('a', 'b', 'c', '', 'x/y', 'm~n');

export const { json, object } = fc.letrec<{ json: JsonValue; object: JsonObject }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<JsonValue>(null, true, false, 0, 1, -1.5, '', 'text', 'a'),
    tie('object'),
    fc.array(tie('json'), { maxLength: 4 }),
  ),
  object: fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: true }),
}));

/** A pointer that often, not always, points at something. */
export const pointer = fc
  .array(fc.constantFrom('a', 'b', 'c', '', '0', '1', '2', '-', '01', 'x~1y', 'm~0n'), { maxLength: 3 })
  .map((tokens) => tokens.map((token) => `/${token}`).join(''));

export const patchStep: fc.Arbitrary<JsonPatchStep> = fc.oneof(
  fc.record({ op: fc.constantFrom('add' as const, 'replace' as const, 'test' as const), path: pointer, value: json }),
  fc.record({ op: fc.constant('remove' as const), path: pointer }),
  fc.record({ op: fc.constantFrom('move' as const, 'copy' as const), from: pointer, path: pointer }),
);

export const patch: fc.Arbitrary<JsonPatch> = fc.array(patchStep, { maxLength: 5 });

/** Stamps of few nodes within few milliseconds. */
export const hlc: fc.Arbitrary<Hlc> = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 2 }), fc.constantFrom('n1', 'n2', 'n3'))
  .map(([wall, counter, node]) => formatHlc(wall, counter, node));

export const content: fc.Arbitrary<Content> = fc.record({
  kind: fc.constantFrom('note', 'shape'),
  type: fc.constantFrom(null, 'round'),
  data: object,
  meta: object,
  parentId: fc.constantFrom(null, 'p1', 'p2'),
});

const change = fc.oneof(
  fc.record({ operation: fc.constant('create' as const), changes: content }),
  fc.record({ operation: fc.constant('update' as const), changes: object }),
  fc.record({ operation: fc.constant('replace' as const), changes: fc.record({ data: object }) }),
  fc.record({ operation: fc.constant('replace' as const), changes: content }),
  fc.record({ operation: fc.constant('patch' as const), changes: fc.oneof(object, patch) }),
  fc.record({ operation: fc.constant('rename' as const), changes: fc.record({ name: fc.constantFrom('x', 'y') }) }),
  fc.record({
    operation: fc.constant('tag' as const),
    changes: fc.record({ tags: fc.array(fc.constantFrom('t', 'u'), { maxLength: 2 }) }),
  }),
  fc.record({ operation: fc.constant('delete' as const), changes: fc.constant({}) }),
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), content)
    .map(([version, at]) => ({ operation: 'restore' as const, changes: { version, ...at } })),
);

/** Any write to the atome `atomeId`. */
export function mutation(atomeId: string): fc.Arbitrary<ReadyMutation> {
  return change.map((each) => ({ opId: null, atomeId, baseVersion: null, hlc: null, reason: null, ...each }));
}
