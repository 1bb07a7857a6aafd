import { create } from './create.js';
import { delivery } from './delivery.js';
import { fanout } from './fanout.js';
import { mutate } from './mutate.js';

/** All workloads, in the order in which they run. */
export const WORKLOADS = [fanout, create, mutate, delivery];
