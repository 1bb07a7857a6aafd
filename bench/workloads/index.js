import { catchup } from './catchup.js';
import { coldstart } from './coldstart.js';
import { create } from './create.js';
import { delivery } from './delivery.js';
import { fanout } from './fanout.js';
import { idle } from './idle.js';
import { mutate } from './mutate.js';
import { nodes } from './nodes.js';
import { overload } from './overload.js';
import { read } from './read.js';
import { sdk } from './sdk.js';
import { snapshot } from './snapshot.js';
import { storm } from './storm.js';
import { tenants } from './tenants.js';

/** All workloads, in the order in which they run. */
export const WORKLOADS = [
  fanout,
  create,
  mutate,
  delivery,
  nodes,
  catchup,
  storm,
  idle,
  read,
  coldstart,
  snapshot,
  tenants,
  sdk,
  overload,
];
