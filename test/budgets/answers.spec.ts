import { setFlagsFromString } from 'node:v8';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AtomeService, type WriteResult } from '../../src/atome/atome.service.js';
import { LedgerWriter } from '../../src/ledger/write/ledger-writer.js';
import type { Mutation } from '../../src/protocol/index.js';
import { startApp, type TestApp } from '../support/server/app.js';

/** Rounds after which V8 has optimised what they run. */
const ROUNDS = 300;
const WRITES = 64;

let server: TestApp;
beforeAll(async () => {
  server = await startApp();
});
afterAll(() => server.close());

describe('the answer to a write over REST', () => {
  it('is turned into JSON once', async () => {
    await server.api.create();
    const stringify = jest.spyOn(JSON, 'stringify');
    await server.api.create({ title: 'counted' });
    const answers = stringify.mock.calls.filter(([value]) => (value as { success?: unknown } | null)?.success === true);
    stringify.mockRestore();
    expect(answers).toHaveLength(1);
  });
});

describe('the objects of writes', () => {
  /** Whether objects of one kind have one hidden class: else each has its own, and takes it to the old generation. */
  function areAlike(values: readonly unknown[]): boolean {
    setFlagsFromString('--allow-natives-syntax');
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const haveSameMap = new Function('one', 'other', 'return %HaveSameMap(one, other)') as (
      one: unknown,
      other: unknown,
    ) => boolean;
    setFlagsFromString('--no-allow-natives-syntax');
    return values.every((value) => haveSameMap(values[0], value));
  }

  it('are alike, also when the code is hot', async () => {
    const atomes = server.app.get(AtomeService);
    const submitted = jest.spyOn(server.app.get(LedgerWriter), 'submit');
    let results: WriteResult[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      submitted.mockClear();
      results = await Promise.all(
        Array.from({ length: WRITES }, (_, n) => atomes.create({ kind: 'note', data: { n } }, { clientId: 'c' })),
      );
    }
    const mutations: Mutation[] = submitted.mock.calls.map(([, mutation]) => mutation);
    submitted.mockRestore();
    expect(mutations).toHaveLength(WRITES);
    expect(areAlike(mutations)).toBe(true);
    expect(areAlike(results)).toBe(true);
    expect(areAlike(results.map(({ alteration }) => alteration))).toBe(true);
  });
});
