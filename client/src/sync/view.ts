import type { Atome } from '../../../src/protocol/index.js';
import { equalJson } from '../../../src/protocol/json.js';
import type { PendingWrite } from '../store/store.js';
import { after } from './optimistic.js';
import type { Outbox } from './outbox.js';

/** One atome as it was shown and as it is; undefined where it is not. */
export interface Shown {
  readonly before: Atome | undefined;
  readonly after: Atome | undefined;
}

/** The pending writes of an atome, and how it is shown after each of them. */
interface Folded {
  readonly base: Atome | undefined;
  readonly writes: readonly PendingWrite[];
  readonly states: readonly (Atome | undefined)[];
}

/** What is read: the confirmed atomes, with the pending writes folded over them. */
export class View {
  private readonly confirmed = new Map<string, Atome>();
  /** The atomes with pending writes. */
  private readonly folded = new Map<string, Folded>();

  constructor(private readonly outbox: Outbox) {}

  get(id: string): Atome | undefined {
    const folded = this.folded.get(id);
    return folded ? folded.states.at(-1) : this.confirmed.get(id);
  }

  *[Symbol.iterator](): Generator<Atome> {
    for (const [id, atome] of this.confirmed) if (!this.folded.has(id)) yield atome;
    for (const { states } of this.folded.values()) {
      const atome = states.at(-1);
      if (atome) yield atome;
    }
  }

  confirm(id: string, atome: Atome | undefined): void {
    if (atome) this.confirmed.set(id, atome);
    else this.confirmed.delete(id);
  }

  /** The ids of all confirmed atomes. */
  ids(): Iterable<string> {
    return this.confirmed.keys();
  }

  /** Forgets what pending writes have made of their atomes, so that they are folded anew. */
  unfold(): void {
    this.folded.clear();
  }

  /** Folds the pending writes of an atome over what is confirmed of it. */
  fold(id: string): void {
    const writes = this.outbox.of(id);
    if (writes.length === 0) return void this.folded.delete(id);
    const base = this.confirmed.get(id);
    const states = known(this.folded.get(id), base, writes);
    for (const write of writes.slice(states.length))
      states.push(after(states.length > 0 ? states.at(-1) : base, write));
    this.folded.set(id, { base, writes, states });
  }
}

/** The states that need not be folded anew: writes were only added, or confirmed as they had been shown. */
function known(
  folded: Folded | undefined,
  base: Atome | undefined,
  writes: readonly PendingWrite[],
): (Atome | undefined)[] {
  if (!folded) return [];
  const gone = folded.writes.indexOf(writes[0]!);
  const kept = folded.writes.length - gone;
  if (gone < 0 || folded.writes.at(-1) !== writes[kept - 1]) return [];
  const was = gone === 0 ? folded.base : folded.states[gone - 1];
  const same = was === base || (base && was?.version === base.version && looksAlike(was, base));
  return same ? folded.states.slice(gone) : [];
}

/** True when a reader sees no difference: version and times alone do not count. */
export function looksAlike(a: Atome, b: Atome): boolean {
  return (
    a === b ||
    (a.kind === b.kind &&
      a.type === b.type &&
      a.parentId === b.parentId &&
      a.deletedAt === b.deletedAt &&
      equalJson(a.data, b.data) &&
      equalJson(a.meta, b.meta) &&
      equalJson(accessOf(a), accessOf(b)))
  );
}

function accessOf(atome: Atome & { readonly access?: unknown }): unknown {
  return atome.access;
}
