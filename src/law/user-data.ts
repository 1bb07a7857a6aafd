import type { LedgerReader } from '../ledger/reader.js';
import type { Scrubber } from '../ledger/scrubber.js';
import type { LedgerStore } from '../ledger/store.js';
import type { LedgerWriter } from '../ledger/writer.js';
import type { Principal } from '../protocol/index.js';
import { isErased } from '../ledger/erased.js';
import { TrailReader } from './trail-reader.js';

/** What came of an erasure of all that somebody owns. */
export interface Erased {
  /** How many atomes this call has erased. */
  readonly erased: number;
  /** False: there may be more; repeat the call. */
  readonly complete: boolean;
}

const VERSIONS = 32;
/** About how many atomes one call erases. */
const MOST_ERASED = 1_000;
const AT_ONCE = 100;

/** All that the ledger holds of one person: to hand it over, and to erase it. */
export class UserData {
  private readonly trail: TrailReader;

  constructor(
    private readonly store: LedgerStore,
    private readonly reader: LedgerReader,
    private readonly writer: LedgerWriter,
    private readonly scrubber: Scrubber,
  ) {
    this.trail = new TrailReader(store);
  }

  /** The atomes that somebody owns, each with its history up to a seq, then what the same has written to others' atomes. */
  async *exportOf(tenant: string, subject: string, upTo: number): AsyncGenerator<object> {
    for await (const id of this.ownedIds(tenant, subject)) {
      const atome = await this.reader.find(tenant, id);
      yield { type: 'atome', atome };
      for (let from = 1; from <= atome.version; from += VERSIONS) {
        const alterations = await this.reader.versions(tenant, id, from, from + VERSIONS - 1);
        for (const alteration of alterations) if (alteration.seq <= upTo) yield { type: 'alteration', alteration };
      }
    }
    const written = { author: subject, after: 0, upTo, newestFirst: false };
    for await (const { ownerId, salt, hash: _hash, ...row } of this.trail.rows(tenant, written)) {
      if (ownerId !== subject || isErased({ salt })) yield { type: 'authored', alteration: row };
    }
  }

  /** Erases what a principal owns, a bounded number at once. What the same has written to others' atomes stays theirs. */
  async eraseAll(principal: Principal, reason: string | null): Promise<Erased> {
    const { id: ownerId, tenant } = principal;
    let erased = 0;
    for (let after: string | null = ''; after !== null;) {
      if (erased >= MOST_ERASED) return { erased, complete: false };
      const { ids, next } = await this.store.owned(tenant, ownerId, after);
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        const outcomes = ids.slice(at, at + AT_ONCE).map((atomeId) =>
          this.writer.submit(
            tenant,
            {
              ...{ opId: null, baseVersion: null, hlc: null, reason, atomeId },
              operation: 'redact',
              changes: {},
            },
            { principal, sourceClient: null },
          ),
        );
        const done = await Promise.all(outcomes);
        erased += done.filter(({ outcome }) => outcome === 'applied').length;
        this.scrubber.scrub();
      }
      after = next;
    }
    return { erased, complete: true };
  }

  /** Whether there is anything that {@link eraseAll} would erase. */
  async hasAny(tenant: string, subject: string): Promise<boolean> {
    const { done } = await this.ownedIds(tenant, subject).next();
    return done !== true;
  }

  private async *ownedIds(tenant: string, subject: string): AsyncGenerator<string> {
    for (let after: string | null = ''; after !== null;) {
      const { ids, next } = await this.store.owned(tenant, subject, after);
      yield* ids;
      after = next;
    }
  }
}
