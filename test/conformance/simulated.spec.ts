import { describe } from '@jest/globals';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { SimDice } from '../support/sim/sim-dice.js';
import { simStore } from '../support/sim/sim-store.js';
import { commitSuite } from './commit.suite.js';
import type { StoreFixture, StoreKind } from './fixture.js';
import { inheritanceSuite } from './inheritance.suite.js';
import { readSuite } from './read.suite.js';

/** The store of the simulator, with several connections to one database, while nothing fails. */
const SIMULATED: StoreKind = { name: 'a simulated connection', shared: true, make };

async function make(): Promise<StoreFixture> {
  const below = await openStore('sqlite::memory:');
  const database = {
    below,
    // nothing is late here, but nothing is done at once either
    schedule: { after: (_ms: number, run: () => unknown) => void setImmediate(run) },
    dice: new SimDice(1, 'conformance'),
    faults: { page: <Rows>(rows: Rows) => rows, answersEarly: () => false },
    isDown: false,
    isShaky: false,
    committed: () => undefined,
  };
  return { open: () => Promise.resolve(simStore(database)), close: () => below.close() };
}

describe('the store of the simulator', () => {
  commitSuite(SIMULATED);
  readSuite(SIMULATED);
  inheritanceSuite(SIMULATED);
});
