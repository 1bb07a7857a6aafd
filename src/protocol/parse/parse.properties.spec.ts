import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { AtomeError } from '../errors.js';
import { DEFAULT_LIMITS } from '../limits.js';
import { OPERATIONS } from '../operations.js';
import * as bodies from './body.js';
import { decodeJson } from './decode.js';
import { parseMessage } from './message.js';
import { parseMutate } from './mutate.js';

const TYPES = ['ping', 'auth', 'subscribe', 'unsubscribe', 'mutate', 'presence'] as const;
const LEGACY = ['atome:created', 'atome:updated', 'atome:altered', 'atome:deleted'] as const;
const FIELDS =
  'opId operation atomeId id changes kind type atomeType data meta parentId baseVersion hlc reason token epoch since ' +
  'hash kinds types ids compact state atome alteration deviceId timestamp newName version __proto__ constructor';

/** Input that knows the right names and little else. */
const nearMiss = fc.dictionary(
  fc.constantFrom(...FIELDS.split(' ')),
  fc.oneof(
    fc.constantFrom<unknown>('a1', 1, null, [], {}, ...OPERATIONS),
    fc.jsonValue({ maxDepth: 3 }),
    fc.dictionary(fc.constantFrom(...FIELDS.split(' ')), fc.jsonValue({ maxDepth: 1 })),
    fc.array(fc.record({ op: fc.constantFrom('add', 'move', 1), path: fc.constantFrom('', '/a', 'a', null) })),
  ),
);
const input = fc.oneof(fc.jsonValue(), fc.anything({ withNullPrototype: true, withBigInt: true }), nearMiss);

const typed = fc
  .tuple(fc.constantFrom(...TYPES, ...LEGACY), fc.constantFrom(...OPERATIONS, undefined), nearMiss)
  .map(([type, operation, rest]): unknown => ({ ...rest, type, ...(operation && { operation }) }));

function onlyAtomeErrors(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof AtomeError)) throw error;
    expect(JSON.stringify(error.toBody()).length).toBeLessThan(20_000);
  }
}

describe('whatever is sent', () => {
  it('a frame is parsed or refused with a sentence', () => {
    fc.assert(
      fc.property(fc.oneof(typed, input), (sent) => {
        onlyAtomeErrors(() => parseMessage(sent, DEFAULT_LIMITS));
        onlyAtomeErrors(() => parseMutate(sent, DEFAULT_LIMITS));
      }),
      { numRuns: 1_000 },
    );
  });

  it('so is a body', () => {
    const { parseCreateBody, parsePatchBody, JSON_PATCH, MERGE_PATCH } = bodies;
    const { parseAlterBody, parseReplaceBody, parseRenameBody, parseDeleteBody, parseRestoreBody } = bodies;
    fc.assert(
      fc.property(input, fc.string(), fc.option(fc.string(), { nil: undefined }), (sent, id, header) => {
        const headers = { idempotencyKey: header };
        onlyAtomeErrors(() => parseCreateBody(sent, headers, DEFAULT_LIMITS));
        for (const type of [JSON_PATCH, MERGE_PATCH]) {
          onlyAtomeErrors(() => parsePatchBody(id, { body: sent, mediaType: type }, headers, DEFAULT_LIMITS));
        }
        for (const parse of [parseAlterBody, parseReplaceBody, parseRenameBody, parseDeleteBody, parseRestoreBody]) {
          onlyAtomeErrors(() => parse('a1', sent, headers, DEFAULT_LIMITS));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('so is any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        onlyAtomeErrors(() => parseMessage(decodeJson(text), DEFAULT_LIMITS));
      }),
    );
  });
});
