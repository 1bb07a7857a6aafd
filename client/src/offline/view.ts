import type { Atome } from '../../../src/protocol/index.js';
import { frozen } from '../core/frozen.js';
import type { PendingWrite } from '../storage/store.js';
import { after, partsOf } from './optimistic.js';
import type { Outbox, Pending } from './outbox.js';

/** One atome as it was shown and as it is; undefined where it is not. */
export interface Shown {
  readonly before: Atome | undefined;
  readonly after: Atome | undefined;
}

/** What one pending write has made of its atome. */
interface Step {
  readonly from: Atome | undefined;
  readonly to: Atome | undefined;
}

/** What is read: the confirmed atomes, with the pending writes folded over them. */
export interface View {
  get(id: string): Atome | undefined;
  all(): Iterable<Atome>;
  /** What the server has, by id. */
  readonly confirmed: ReadonlyMap<string, Atome>;
  /** What a write sets; handed on here, since of what two files import bundlers make a third. */
  readonly partsOf: typeof partsOf;
  /** What the server has; shown at the next {@link refresh}. */
  confirm(id: string, atome?: Atome): void;
  /** The server has none of what was confirmed; shown at the next {@link refresh}. */
  clear(): void;
  /** Its pending writes are others now; shown at the next {@link refresh}. */
  touch(id: string): void;
  /** Forgets what pending writes have made of their atomes, so that the next {@link refresh} folds them anew. */
  unfold(): void;
  /** @returns the atomes that are shown differently now. */
  refresh(): ReadonlyMap<string, Shown>;
}

/** @param me id of whoever writes here, as far as it is known. */
export function createView(outbox: Outbox, me: () => string | undefined): View {
  const confirmed = new Map<string, Atome>();
  /** The atomes with pending writes. */
  const folded = new Map<string, Atome | undefined>();
  /** What was touched, as it was shown then. */
  const touched = new Map<string, Atome | undefined>();
  let steps = new WeakMap<PendingWrite, Step>();

  function get(id: string): Atome | undefined {
    return (folded.has(id) ? folded : confirmed).get(id);
  }

  function touch(id: string): void {
    if (!touched.has(id)) touched.set(id, get(id));
  }

  function fold(id: string): void {
    const pending = outbox.of(id);
    if (pending.length) folded.set(id, pending.reduce(step, confirmed.get(id)));
    else folded.delete(id);
  }

  /** Not taken anew where the write had the same before it, or what was confirmed as it had been shown. */
  function step(from: Atome | undefined, { write }: Pending): Atome | undefined {
    const known = steps.get(write);
    if (known && isSame(known.from, from)) return known.to;
    const to = frozen(after(from, write, me()));
    steps.set(write, { from, to });
    return to;
  }

  function* overlaid(): Iterable<Atome> {
    for (const [id, atome] of confirmed) if (!folded.has(id)) yield atome;
    for (const atome of folded.values()) if (atome) yield atome;
  }

  return {
    get,
    // of many, to ask for each costs more than to look at it
    all: () => (folded.size > 0 ? overlaid() : confirmed.values()),
    confirm(id, atome) {
      touch(id);
      if (atome) confirmed.set(id, frozen(atome));
      else confirmed.delete(id);
    },
    touch,
    partsOf,
    confirmed,
    clear() {
      [...confirmed.keys()].forEach(touch);
      confirmed.clear();
    },
    unfold() {
      steps = new WeakMap();
      [...folded.keys()].forEach(touch);
    },
    refresh() {
      const shown = new Map<string, Shown>();
      for (const [id, before] of touched) {
        fold(id);
        const now = get(id);
        if (now !== before) shown.set(id, { before, after: now });
      }
      touched.clear();
      return shown;
    },
  };
}

function isSame(a: Atome | undefined, b: Atome | undefined): boolean {
  return a === b || !!(a && b && looksAlike(a, b));
}

const SEEN = 'version ownerId kind type parentId deletedAt data meta access inherited'.split(' ') as (keyof Atome)[];

/**
 * True when a reader sees no difference: times alone do not count, since those of a pending write are guessed. Where
 * the keys of an object have changed their order it is false, which costs a callback and nothing else.
 */
export function looksAlike(a: Atome, b: Atome): boolean {
  return SEEN.every((part) => a[part] === b[part] || JSON.stringify(a[part]) === JSON.stringify(b[part]));
}
