import type { AtomeState, Content, Mutation } from '../../protocol/index.js';
import { headerOf } from '../access-columns.js';
import type { WriteOrigin } from '../outcome.js';
import { archivedBefore } from '../read/past.js';
import { LedgerGone } from '../store-error.js';
import type { LedgerStore, LockedState, TouchedKeys } from '../store.js';
import { planGroup, type GroupPlan, type WriteRequest } from './decide-write.js';
import { MAX_DOCUMENT_BYTES } from './group-size.js';
import { joinedPlan } from './joined-plan.js';
import { touchedKeysOf } from './touched-keys.js';
import { DecideApart, undecidable } from './undecidable.js';
import type { WriteEnvironment } from './write-environment.js';

/** Looks up the state that a restore goes back to. */
export type StateAt = (tenant: string, atomeId: string, version: number) => Promise<AtomeState | undefined>;

export interface CommittedGroup extends GroupPlan {
  /** How long its decision kept the event loop, in milliseconds. */
  readonly heldMs: number;
}

type Asked = Pick<WriteRequest, 'mutation' | 'origin'>;

/** Decides and commits groups of writes, each in one transaction. */
export class GroupCommits {
  /** Tenants whose ledger is known to be there. */
  private readonly opened = new Set<string>();

  constructor(
    private readonly store: LedgerStore,
    private readonly stateAt: StateAt,
    private readonly environment: WriteEnvironment,
  ) {}

  /** Whether it is another process that commits. */
  get isElsewhere(): boolean {
    return this.store.kind === 'postgres';
  }

  /**
   * Resolves when what is decided is durable.
   * @param isAtomic all are written, or none.
   * @throws DecideApart where the writes cannot be decided together.
   */
  async commit(tenant: string, group: readonly Asked[], isAtomic: boolean): Promise<CommittedGroup> {
    const isRestored = group.some(({ mutation }) => mutation.operation === 'restore');
    const requests: readonly WriteRequest[] = isRestored ? await this.withRestored(tenant, group) : group;
    try {
      return await this.commitIn(tenant, requests, isAtomic);
    } catch (error) {
      if (!(error instanceof LedgerGone)) throw error;
      // a copy from before this tenant's first write has been put back: it gets a new ledger
      this.opened.delete(tenant);
      // not while a transaction has the database
      if (group[0]!.origin.within) throw error;
      return this.commitIn(tenant, requests, isAtomic);
    }
  }

  private withRestored(tenant: string, group: readonly Asked[]): Promise<WriteRequest[]> {
    const restoring = group.map(async ({ mutation, origin }) => {
      return { mutation, origin, restored: await this.restored(tenant, mutation, origin) };
    });
    return Promise.all(restoring);
  }

  private async commitIn(
    tenant: string,
    requests: readonly WriteRequest[],
    isAtomic: boolean,
  ): Promise<CommittedGroup> {
    if (!this.opened.has(tenant)) await this.open(tenant);
    const touched = this.touched(requests, isAtomic);
    const decide = (before: LockedState): CommittedGroup => {
      const begun = performance.now();
      const plan = planGroup(before, requests, this.environment, isAtomic);
      return { ...plan, heldMs: performance.now() - begun };
    };
    const { within } = requests[0]!.origin;
    if (within) return within.commit(tenant, touched, (before) => joinedPlan(before, requests, decide(before)));
    return this.store.ledger(tenant).write.commit(touched, decide);
  }

  /** Makes the ledger of a tenant that has none. */
  async open(tenant: string): Promise<void> {
    if (this.opened.has(tenant)) return;
    await this.store.ledger(tenant).write.open();
    this.opened.add(tenant);
  }

  /** A fault in one write fails that write, not the group. */
  private touched(requests: readonly WriteRequest[], isAtomic: boolean): TouchedKeys {
    try {
      const documentBytes = MAX_DOCUMENT_BYTES[isAtomic ? 'atomic' : 'each'];
      return touchedKeysOf(requests, this.environment.rules, documentBytes);
    } catch (error) {
      throw requests.length > 1 ? new DecideApart() : undecidable(error);
    }
  }

  /**
   * A past that cannot be read fails the one write that asks for it, not the group. That of an atome that may not be read
   * is not folded: how long a refusal takes must not tell what is there.
   */
  private async restored(
    tenant: string,
    mutation: Mutation,
    { principal }: WriteOrigin,
  ): Promise<Content | Error | undefined> {
    if (mutation.operation !== 'restore') return undefined;
    try {
      const { atomeId, changes } = mutation;
      const [row] = await this.store.ledger(tenant).atomes.headers([atomeId]);
      if (!row || !this.environment.rules.isAllowed(principal, 'read', headerOf(row))) return undefined;
      const state = await this.stateAt(tenant, atomeId, changes.version);
      if (state) return state;
      const archivedTo = await this.store.ledger(tenant).alterations.archived(atomeId);
      return changes.version <= archivedTo ? archivedBefore(atomeId, archivedTo) : undefined;
    } catch (error) {
      return error as Error;
    }
  }
}
