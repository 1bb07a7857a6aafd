import type { Feed } from '../../../src/feed/feed.js';
import type { Committed } from '../../../src/ledger/outcome.js';
import type { SimDice } from './sim-dice.js';
import type { StoreFaults } from './sim-store.js';

/**
 * What the parts around the product do wrong when they are told to, each of which somebody would be harmed by: they prove that
 * a fault of the product's would be found.
 */
export const PLANTED = {
  'skip-row': 'a row in the middle of a page of the ledger is left out',
  'double-row': 'a row of a page of the ledger comes twice',
  'double-event': 'a message for a client comes twice',
  'early-ack': 'a commit is answered before it is durable',
  'reorder-bus': 'what was committed comes over the bus in another order, linked as if it were right',
  'forgetful-disk': 'a client is told that its write is kept before it is',
} as const;
export type PlantedFault = keyof typeof PLANTED;

/** What the parts of a run ask for each chance to go wrong. */
export interface Planted extends StoreFaults {
  readonly doubles: () => boolean;
  readonly forgets: () => boolean;
  readonly feedOf: (feed: Feed) => Pick<Feed, 'hint' | 'lookEvery'>;
}

/** @param fault left out: nothing is wrong. */
export function plant(fault: PlantedFault | undefined, dice: SimDice): Planted {
  const is = (name: PlantedFault, share: number): boolean => name === fault && dice.isSo(share);
  return {
    page(rows) {
      const at = Math.floor(rows.length / 2);
      if (rows.length > 2 && is('skip-row', 0.3)) return rows.toSpliced(at, 1);
      return rows.length > 0 && is('double-row', 0.3) ? rows.toSpliced(at, 0, rows[at]!) : rows;
    },
    answersEarly: () => is('early-ack', 0.3),
    doubles: () => is('double-event', 0.1),
    forgets: () => is('forgetful-disk', 0.5),
    feedOf: (feed) => ({
      lookEvery: (ms) => feed.lookEvery(ms),
      hint(tenant, seq, committed) {
        feed.hint(
          tenant,
          seq,
          committed && committed.length > 2 && is('reorder-bus', 0.5) ? turned(committed) : committed,
        );
      },
    }),
  };
}

/** In another order, and linked as if that were the right one. */
function turned(committed: readonly Committed[]): Committed[] {
  const [first, ...others] = committed as [Committed, ...Committed[]];
  return [first, ...others.reverse()].map((each, at) => {
    const { prevHash, hash, alteration } = committed[at]!;
    return { ...each, prevHash, hash, alteration: { ...each.alteration, seq: alteration.seq } };
  });
}
