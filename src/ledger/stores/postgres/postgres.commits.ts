import type pg from 'pg';
import type { HeadRow } from '../../rows.js';
import type { Additions, LockedState, Planned, TouchedKeys } from '../../store.js';
import { KnownHeads } from './known-heads.js';
import { corked, planned, together } from './postgres.client.js';
import type { PostgresConnections } from './postgres.connections.js';
import { addFenced, addGroup, readGroup, type Ask } from './postgres.group.js';
import type { Decided } from './postgres.sql.js';

type Plan<P> = (before: LockedState) => P;

/**
 * Commits groups. What only adds is decided on the head that this server has left, and sent in one statement, which adds nothing
 * when the ledger has been moved meanwhile; it is then decided anew under the lock, as everything else is.
 */
export class PostgresCommits {
  private readonly known = new KnownHeads();

  constructor(private readonly connections: PostgresConnections) {}

  async commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: Plan<P>): Promise<P> {
    return (await this.ahead(tenant, touched, plan)) ?? (await this.locked(tenant, touched, plan));
  }

  /** @returns undefined where nothing has been written, and it has to be decided under the lock. */
  private async ahead<P extends Planned>(tenant: string, touched: TouchedKeys, plan: Plan<P>): Promise<P | undefined> {
    const before = this.known.before(tenant, touched);
    const decided = before && foreseen(plan, before);
    if (!decided?.additions || !isPlain(decided.additions)) return undefined;
    const { additions } = decided;
    let isAdded = false;
    try {
      isAdded = await this.connections.transaction(tenant, (client) =>
        this.addAhead(client, tenant, { head: before!.head, absent: touched }, additions),
      );
    } finally {
      if (isAdded) this.known.committed(tenant, before!.head, additions.head);
      else this.known.doubt(tenant);
    }
    return isAdded ? decided : undefined;
  }

  private async addAhead(
    client: pg.PoolClient,
    tenant: string,
    decidedOn: Decided,
    additions: Additions,
  ): Promise<boolean> {
    const sent = corked(client, () => {
      const entered = this.connections.enter(client, tenant);
      return [entered, addFenced(this.askOf(client), tenant, decidedOn, additions)] as const;
    });
    await together(sent);
    return sent[1];
  }

  private async locked<P extends Planned>(tenant: string, touched: TouchedKeys, plan: Plan<P>): Promise<P> {
    const { connections, known } = this;
    return connections.transaction(tenant, async (client) => {
      const ask = this.askOf(client);
      const before = await corked(client, () => {
        const begun = [connections.enter(client, tenant), ask('BEGIN', [])];
        return readGroup(ask, tenant, touched, begun);
      });
      const decided = planned(plan, before);
      await corked(client, () => end(ask, tenant, before.head, decided.additions));
      known.committed(tenant, before.head, decided.additions?.head ?? before.head);
      return decided;
    });
  }

  private askOf(client: pg.PoolClient): Ask {
    return (text, values, name) => client.query(this.connections.timed(text, values, name));
  }
}

/** What is decided on a guess; undefined where that fails: then the guess may be to blame. */
function foreseen<P extends Planned>(plan: Plan<P>, before: LockedState): P | undefined {
  try {
    return plan(before);
  } catch {
    return undefined;
  }
}

/** Whether it is all in one statement. */
function isPlain({ erased = [], propagations = [], progress, compaction }: Additions): boolean {
  return erased.length + propagations.length === 0 && !progress && !compaction;
}

/** Adds what there is to add and commits, in one round trip. */
async function end(ask: Ask, tenant: string, head: HeadRow, additions: Additions | null): Promise<void> {
  const sent = additions ? addGroup(ask, tenant, head, additions) : [];
  // `pg` may fail a statement without sending it: a COMMIT that does not wait would then commit the others
  if (sent.length > 1) await together(sent.splice(0));
  await together([...sent, ask('COMMIT', [])]);
}
