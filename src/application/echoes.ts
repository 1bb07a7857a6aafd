import {
  contentOf,
  equalJson,
  isDeviceOpId,
  type Alteration,
  type CompatWrite,
  type Mutation,
  type Principal,
  type RedactedAlteration,
} from '../protocol/index.js';
import type { Caller } from './caller.js';
import type { AtomeQueries, ReaderOf } from './atome-queries.js';

/** How late the echo of a write may come that does not say which version it has made, in milliseconds and in versions. */
const ECHO_MS = 60_000;
const ECHOED = 16;
/** Most alterations that are remembered as announced; one that is forgotten may be taken for a write that was not. */
const MOST_ANNOUNCED = 10_000;

type Committed = Alteration | RedactedAlteration;

/**
 * Tells what the original client announces after its REST call from what it writes by a message alone. Each alteration is
 * announced once: whoever says the same again means another write.
 */
export class Echoes {
  /** Alterations that were announced, or made by a message, the oldest first. */
  private readonly announced = new Set<string>();

  constructor(
    private readonly readerOf: ReaderOf,
    private readonly queries: AtomeQueries,
    private readonly now: () => number,
  ) {}

  /** The alteration that a message tells of, where it is in the ledger already. */
  async echoed({ mutation, version }: CompatWrite, caller: Caller): Promise<Committed | undefined> {
    const { principal } = caller;
    const { atomeId } = mutation;
    // silence would tell what is in an atome that may not be read, and so would the time it takes to read it
    const reader = this.readerOf(principal);
    const header = await reader.headerOf(atomeId);
    if (!header || !this.queries.mayRead(principal, header)) return undefined;
    const named = version === null ? undefined : await reader.alteration(atomeId, version);
    const isNamed = named !== undefined && (await this.says(named, mutation, principal));
    const made = isNamed ? named : await this.recent(mutation, version, caller);
    if (made) this.remember(principal, made);
    return made;
  }

  /** Notes an alteration that a message has made by itself: nothing that follows is its echo. */
  remember({ tenant }: Principal, { atomeId, version }: { readonly atomeId: string; readonly version: number }): void {
    this.announced.add(keyOf(tenant, atomeId, version));
    if (this.announced.size > MOST_ANNOUNCED) this.announced.delete(this.announced.values().next().value!);
  }

  /**
   * What the author has made by REST a moment ago and has not announced yet. A deletion is announced without its version,
   * and two servers count versions apart. What sets an atome whole and names its version has seen what is there.
   */
  private async recent(mutation: Mutation, version: number | null, caller: Caller): Promise<Committed | undefined> {
    const { atomeId, operation, opId } = mutation;
    if (operation === 'create' || (operation === 'replace' && version !== null)) return undefined;
    if (opId !== null && !isDeviceOpId(opId, atomeId)) return undefined;
    const { tenant } = caller.principal;
    const reader = this.readerOf(caller.principal);
    const { version: current } = await reader.find(atomeId);
    const made = await reader.versions(atomeId, Math.max(1, current - ECHOED), current);
    for (const each of made.reverse()) {
      const isOpen = this.isFromRest(each, caller) && !this.announced.has(keyOf(tenant, atomeId, each.version));
      if (isOpen && (await this.says(each, mutation, caller.principal))) return each;
    }
    return undefined;
  }

  /** What has a name of its own and comes from another client was written by one that announces nothing. */
  private isFromRest(made: Committed, { principal, clientId }: Caller): boolean {
    const { author, atomeId, sourceClient, opId, timestamp } = made;
    if (author !== principal.id || Date.parse(timestamp) < this.now() - ECHO_MS) return false;
    return sourceClient === null || sourceClient === clientId || opId === null || isDeviceOpId(opId, atomeId);
  }

  /** Whether an alteration has done what a message tells. */
  private async says(made: Committed, { operation, changes }: Mutation, principal: Principal): Promise<boolean> {
    if (operation === 'restore') return made.operation === 'restore' && made.changes?.version === changes.version;
    if (operation !== 'create' && operation !== 'replace') {
      return made.operation === operation && equalJson(made.changes, changes);
    }
    const state = await this.readerOf(principal).stateAt(made.atomeId, made.version);
    const content = state && { ...contentOf(state), access: state.access ?? 'tenant' };
    return content !== undefined && equalJson(content, { ...content, ...changes });
  }
}

function keyOf(tenant: string, atomeId: string, version: number): string {
  return `${tenant} ${atomeId} ${version}`;
}
