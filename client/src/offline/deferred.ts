/*
 * What a client needs when it speaks to its server, when it sends again what that has refused, and when its store has
 * failed, and for loops over results: a file of its own, so that a page can show what it has stored, and take writes, before this is there.
 */
export { iterate } from '../query/iterate.js';
export { createEngine } from './engine.js';
export { createReopening } from './reopening.js';
export { createRetry } from './retry.js';
export { rubbishOf } from './rubbish.js';
