import { describe } from '@jest/globals';
import { commitSuite } from './commit.suite.js';
import { STORES } from './fixture.js';
import { inheritanceSuite } from './inheritance.suite.js';
import { listSuite } from './list.suite.js';
import { readSuite } from './read.suite.js';

describe.each(STORES)('the store on $name', (kind) => {
  commitSuite(kind);
  readSuite(kind);
  listSuite(kind);
  inheritanceSuite(kind);
});
