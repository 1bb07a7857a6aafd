import { describe, expect, it } from '@jest/globals';
import { playChaos } from '../support/chaos/chaos-run.js';
import { withIndexedDb } from '../support/browser/indexed-db.js';

withIndexedDb();

/** `npm run chaos -- --seeds 10` plays it long. */
const OPERATIONS = 200;

describe(`six clients that write ${OPERATIONS} times while everything fails`, () => {
  it.each([1])('end equal, with no write lost, doubled, or both refused and taken (seed %d)', async (seed) => {
    const { wrong, trace } = await playChaos({ seed, operations: OPERATIONS });
    expect(wrong.length === 0 ? [] : [`seed ${seed}`, ...wrong, ...trace]).toEqual([]);
  });
});
