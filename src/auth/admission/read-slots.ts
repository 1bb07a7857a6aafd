import type { Principal } from '../../protocol/index.js';
import { ANONYMOUS } from '../authentication/anonymous.js';
import { FairSlots, type Asker, type OnRefused, type SlotLimits, type Waiting } from './fair-slots.js';

/** What is looked up by its key or is a page by an index, also what is folded out of the past, and pages of the feed. */
const LIGHT: SlotLimits = {
  slots: { all: 24, tenant: 6, principal: 4 },
  waiting: { all: 16_000, tenant: 4_000, principal: 1_000 },
  patienceMs: 5_000,
};

/** What walks over much: searches, lists that no index has in order, counts, exports, snapshots, the audit. */
const HEAVY: SlotLimits = {
  slots: { all: 4, tenant: 3, principal: 2 },
  waiting: { all: 1_000, tenant: 250, principal: 64 },
  patienceMs: 5_000,
};

const RESTORES = { all: 8, tenant: 2, principal: 2 };

/** Slots for reads of the ledger: light ones never stand behind heavy ones. */
export class ReadSlots {
  readonly light: FairSlots;
  readonly heavy: FairSlots;
  /** The past that restores go back to: writes wait for it, which must not stand behind anybody's reads. */
  readonly restores: FairSlots;

  /** @param heavySlots how many heavy reads the database runs beside the light ones; left out: as many as is usual. */
  constructor(onRefused?: OnRefused, heavySlots = HEAVY.slots.all) {
    this.light = new FairSlots('reads', LIGHT, onRefused);
    this.restores = new FairSlots('restores', { ...LIGHT, slots: RESTORES });
    this.heavy = new FairSlots('heavy reads', { ...HEAVY, slots: { ...HEAVY.slots, all: heavySlots } }, onRefused);
  }
}

/** Somebody as one who reads. */
export function askerOf(principal: Principal, waiting?: Waiting): Asker {
  const { tenant, id } = principal;
  return { ...waiting, tenant, principal: principal === ANONYMOUS ? undefined : id };
}
