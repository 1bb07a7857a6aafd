import type { CommittedGroup } from './group-commits.js';
import { restAfter } from './group-size.js';
import { Pace } from './pace.js';

/**
 * Bytes of large atomes that writes look at: each is read, gone through, committed and told whole, however little is altered.
 * Nobody waits who alters something large now and then.
 */
export const LARGE_BYTES = { tenant: 16 * 1024, all: 32 * 1024, aheadMs: 250, mostMs: Infinity } as const;

/** Milliseconds of checks that were given up. They are given up sooner where they are too many, so that nobody need wait for long. */
export const GIVEN_UP_MS = { tenant: 0.05, all: 0.1, aheadMs: 0, mostMs: 60_000 } as const;

/** What follows a group. */
interface Rest {
  /** How long all of its tenant rest, in milliseconds. */
  readonly all: number;
  /** Until when some principals do. */
  readonly some: readonly { readonly ids: Iterable<string>; readonly until: number }[];
}

/** Who rests for what their writes have kept others from. */
export class Rests {
  private readonly large = new Pace(LARGE_BYTES);
  private readonly givenUp = new Pace(GIVEN_UP_MS);

  after(
    tenant: string,
    { heldMs, large, givenUp }: Pick<CommittedGroup, 'heldMs' | 'large' | 'givenUp'>,
    now = performance.now(),
  ): Rest {
    const largeBytes = [...large.values()].reduce((sum, bytes) => sum + bytes, 0);
    const rest = restAfter({ heldMs: heldMs - (givenUp?.heldMs ?? 0), largeBytes });
    const some = [];
    if (largeBytes > 0)
      some.push({ ids: large.keys(), until: Math.max(this.large.charge(tenant, largeBytes, now), now + rest.large) });
    if (givenUp) some.push({ ids: [givenUp.id], until: this.givenUp.charge(tenant, givenUp.tookMs, now) });
    return { all: rest.all, some };
  }
}
