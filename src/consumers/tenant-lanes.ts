import type { Committed } from '../ledger/outcome.js';
import type { AtomeHeader } from '../protocol/index.js';
import type { ResolvedConsumer } from './consumer-options.js';
import type { ConsumerStore } from './consumer.store.js';
import type { CursorRow, Lane, LaneName, Lanes } from './lane.js';

/** Tenants of one consumer that are told at once. */
const TENANTS_AT_ONCE = 4;

interface Among {
  readonly kinds: ReadonlySet<string> | undefined;
  readonly types?: ReadonlySet<string> | undefined;
}

/** Whether a commit is about atomes of these kinds and types, as they are or were. */
export function isAbout({ kinds, types }: Among, { atome, before, current, erased }: Committed): boolean {
  const isAmong = ({ kind, type }: Pick<AtomeHeader, 'kind' | 'type'>): boolean =>
    (!kinds || kinds.has(kind)) && (!types || (type !== null && types.has(type)));
  return isAmong(erased && current ? current : atome) || (before !== null && isAmong(before));
}

/** What a consumer of the application is told: a lane for each tenant. */
export class TenantLanes implements Lanes {
  readonly name: string;
  readonly atOnce = TENANTS_AT_ONCE;

  constructor(
    private readonly consumer: ResolvedConsumer,
    private readonly store: ConsumerStore,
  ) {
    this.name = consumer.name;
  }

  register(): Promise<void> {
    return this.store.register(this.name, this.consumer.fromStart);
  }

  pending(): Promise<LaneName[]> {
    return this.store.pending(this.name);
  }

  concerned(tenant: string, committed: readonly Committed[]): readonly LaneName[] {
    return committed.some((each) => isAbout(this.consumer, each)) ? [{ name: this.name, tenant }] : [];
  }

  lane({ name, tenant }: LaneName): Promise<Lane> {
    const { consumer } = this;
    const { pauseAfter, call } = consumer;
    return Promise.resolve({ name, tenant, pauseAfter, call, takes: (committed) => isAbout(consumer, committed) });
  }

  begin(name: LaneName): Promise<CursorRow> {
    return this.store.begin(name);
  }
}
