import { expect, it } from '@jest/globals';
import type { SyncState } from '../offline/status.js';
import { FORMAT, type Changes, type Checkpoint, type PendingWrite, type RejectedWrite } from './store.js';

/* The compiler keeps these complete. */

const CHANGES: Record<keyof Changes, true> = {
  ...{ append: true, clear: true, dismiss: true, events: true, place: true, put: true },
  ...{ reject: true, remove: true, settle: true },
};
const CHECKPOINT: Record<keyof Checkpoint, true> = {
  ...{ cursor: true, owner: true, partial: true, skewMs: true, stamp: true, subscription: true },
};
const PENDING: Record<keyof PendingWrite, true> = {
  ...{ access: true, atomeId: true, atomeType: true, baseVersion: true, changes: true, data: true, half: true },
  ...{ hlc: true, kind: true, meta: true, opId: true, operation: true, parentId: true, reason: true },
};
const REJECTED: Record<keyof RejectedWrite, true> = { error: true, operation: true, rejectedAt: true };
const STATES: Record<SyncState['state'], true> = {
  ...{ 'catching-up': true, connecting: true, live: true, offline: true, stopped: true },
};

/*
 * Tabs of two builds of this package run beside each other on one store, for as long as nobody reloads them. Who changes
 * what is here asks what a tab of the former build makes of it. If that is wrong, the version of the format has to rise.
 */
it('what tabs of two builds have in common is of one version of the format', () => {
  const keys = (all: object): string => Object.keys(all).sort().join(' ');
  expect({
    version: FORMAT.version,
    changes: keys(CHANGES),
    checkpoint: keys(CHECKPOINT),
    pending: keys(PENDING),
    rejected: keys(REJECTED),
    states: keys(STATES),
  }).toEqual({
    version: 1,
    changes: 'append clear dismiss events place put reject remove settle',
    checkpoint: 'cursor owner partial skewMs stamp subscription',
    pending: 'access atomeId atomeType baseVersion changes data half hlc kind meta opId operation parentId reason',
    rejected: 'error operation rejectedAt',
    states: 'catching-up connecting live offline stopped',
  });
});
