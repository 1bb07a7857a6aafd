import { fold, inheritedFrom, sameRights } from '../../protocol/index.js';
import { newAlteration } from '../new-alteration.js';
import type { Committed } from '../outcome.js';
import type { Additions, LedgerStore, LockedState, NextDescendants } from '../store.js';
import { appendEntry } from './append-entry.js';
import { excerptOf } from './excerpt.js';
import { GroupInheritance } from './group-inheritance.js';
import { GroupState } from './group-state.js';
import type { WriteEnvironment } from './write-environment.js';

/** How many atomes one step tells what they inherit, and about how many bytes of them it reads. */
export const PROPAGATED = { atomes: 100, bytes: 1024 * 1024 } as const;

/** How often it is looked for changes of an access that another process, or a fault, has left to be propagated, in milliseconds. */
const RESUME_MS = 30_000;

export interface PropagationPlan {
  readonly committed: readonly Committed[];
  readonly additions: Additions | null;
}

/**
 * Tells some of those that inherit from an atome what that comes to, each in an alteration of its own. Those that have
 * descendants are told of to these in later steps.
 */
export function planPropagation(
  before: LockedState,
  { propagation, ids, isEnd }: NextDescendants,
  { clock, now }: Pick<WriteEnvironment, 'clock' | 'now'>,
): PropagationPlan {
  const { parentId, seq, author, origin, again } = propagation;
  const group = new GroupState(before, now());
  const parent = group.atome(parentId)!.header;
  const changes = { access: 'inherit', inherited: inheritedFrom(parent) } as const;
  const provenance = { author, sourceClient: null, opId: null, reason: `inherited from ${origin}` };
  for (const id of ids) {
    const target = group.atome(id)!;
    const { access, parentId: heirOf } = target.header;
    // it may have left since
    if (access !== 'inherit' || heirOf !== parentId) continue;
    if (again === 0 && sameRights(target.header, changes)) continue;
    const stamp = { hlc: clock.tick(), superseded: [] };
    const alteration = newAlteration(
      group.nextPosition(id, target),
      { operation: 'share', changes },
      provenance,
      stamp,
    );
    const excerpt = excerptOf(target, alteration);
    const state = fold(excerpt.state, alteration);
    group.add(alteration, state, excerpt, appendEntry(group.head, alteration, state, excerpt));
    group.propagate({ parentId: id, seq: alteration.seq, author, origin, onlyIfOthers: false });
  }
  group.advance({ parentId, seq, afterId: isEnd ? null : ids.at(-1)! });
  return { committed: new GroupInheritance(before, group, true).committed(), additions: group.additions() };
}

/**
 * Brings what is kept with those that inherit up to date, step by step: a change takes effect at once, whatever their number.
 * What is left when the process ends is in the database.
 */
export class AccessPropagation {
  private readonly tenants = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private isEnding = false;

  /** @param onError is told of what fails: it is in the database, and is gone on with at the next look. */
  constructor(
    private readonly store: LedgerStore,
    private readonly environment: Pick<WriteEnvironment, 'clock' | 'now'>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Looks for what was left, at once and from time to time. @param found is called with the tenant of each. */
  start(found: (tenant: string) => void): Promise<void> {
    clearInterval(this.timer);
    this.timer = setInterval(() => void this.look(found), RESUME_MS).unref();
    return this.look(found);
  }

  /** What is left stays in the database. */
  stop(): void {
    clearInterval(this.timer);
    this.isEnding = true;
  }

  /** Whether there may be something left. */
  isUnderWay(tenant: string): boolean {
    return this.tenants.has(tenant);
  }

  begin(tenant: string): void {
    this.tenants.add(tenant);
  }

  end(tenant: string): void {
    this.tenants.delete(tenant);
  }

  /** Takes the next step, unless it has been stopped. @returns what that has committed. */
  async goOn(tenant: string): Promise<readonly Committed[]> {
    try {
      if (!this.isEnding) return await this.step(tenant);
    } catch (error) {
      this.onError(error);
    }
    this.end(tenant);
    return [];
  }

  /** Takes the next step. @returns what it has committed. */
  async step(tenant: string): Promise<readonly Committed[]> {
    const { write } = this.store.ledger(tenant);
    const next = await write.nextDescendants(PROPAGATED.atomes, PROPAGATED.bytes);
    if (!next) {
      this.end(tenant);
      return [];
    }
    const { parentId } = next.propagation;
    const touched = {
      atomeIds: [parentId, ...next.ids],
      ops: [],
      isWanted: ({ id }: { readonly id: string }) => id !== parentId,
      needsAncestors: true,
    };
    const { committed } = await write.commit(touched, (before) => planPropagation(before, next, this.environment));
    return committed;
  }

  private async look(found: (tenant: string) => void): Promise<void> {
    try {
      for (const tenant of await this.store.propagating()) {
        this.begin(tenant);
        found(tenant);
      }
    } catch (error) {
      this.onError(error);
    }
  }
}
