import type { AtomeWrites } from '../application/atome-writes.js';
import type { LedgerReads } from '../application/ledger-reads.js';
import type { Waiting } from '../auth/admission/fair-slots.js';
import { headerOf } from '../ledger/access-columns.js';
import { atomeOf } from '../ledger/row-mapper.js';
import type { HeadRow } from '../ledger/rows.js';
import type { TenantLedger } from '../ledger/store.js';
import { turn } from '../ledger/turns.js';
import { AtomeError, type AccessRules, type Principal } from '../protocol/index.js';
import type { Outcome } from '../ledger/outcome.js';
import { isErased } from '../ledger/erasure.js';
import { AuditReader } from './audit-reader.js';

/** What came of an erasure of all that somebody owns. */
export interface Erased {
  /** How many atomes this call has erased. */
  readonly erased: number;
  /** False: there may be more; repeat the call. */
  readonly complete: boolean;
  /** How many it has left alone, because the owner may not erase them by the policies; absent for none. */
  readonly kept?: number;
}

const VERSIONS = 32;
/** About how many atomes one call erases. */
const MAX_ERASED = 1_000;
const AT_ONCE = 100;
/** What has been begun is not left half done. */
const PATIENT: Waiting = { isPatient: true };

/** Which of the atomes of somebody are erased, and why. */
export interface Erasure {
  readonly reason: string | null;
  /** Left out: all. An atome counts as of the kind that it is of now. */
  readonly kinds?: readonly string[] | undefined;
}

/** All that the ledger holds of one person: to hand it over, and to erase it. */
export class UserData {
  private readonly auditReader: AuditReader;

  constructor(
    private readonly reads: LedgerReads,
    private readonly writes: AtomeWrites,
    private readonly rules: AccessRules,
  ) {
    this.auditReader = new AuditReader(reads);
  }

  head(principal: Principal): Promise<HeadRow> {
    return this.reads.readerOf(principal).head();
  }

  /**
   * The atomes that somebody owns, each with its history up to a seq, then what the same has written to others' atomes.
   * What the caller may not read by now is left out, whosever it is.
   */
  async *exportOf(caller: Principal, subject: string, upTo: number, waiting?: Waiting): AsyncGenerator<object> {
    const reader = this.reads.readerOf(caller, waiting);
    for await (const id of this.ownedIds(caller, subject, waiting)) {
      await turn();
      const row = await reader.row(id);
      if (!this.rules.isAllowed(caller, 'read', headerOf(row))) continue;
      const atome = atomeOf(row);
      yield { type: 'atome', atome };
      for (let from = 1; from <= atome.version; from += VERSIONS) {
        const alterations = await reader.versions(id, from, from + VERSIONS - 1);
        await turn();
        for (const alteration of alterations) if (alteration.seq <= upTo) yield { type: 'alteration', alteration };
      }
    }
    const written = { author: subject, after: 0, upTo, newestFirst: false };
    // its kind is that of now, and may be none of the author's business any more
    for await (const { ownerId, salt, hash: _hash, kind: _kind, ...row } of this.auditReader.rows(
      caller,
      written,
      waiting,
    )) {
      if (ownerId !== subject || isErased({ salt })) yield { type: 'authored', alteration: row };
    }
  }

  /** Erases what a principal owns, a bounded number at once. What the same has written to others' atomes stays theirs. */
  async eraseAll(principal: Principal, { reason, kinds }: Erasure): Promise<Erased> {
    const ledger = this.reads.ledgerOf(principal, PATIENT);
    let [erased, kept] = [0, 0];
    const result = (complete: boolean): Erased => ({ erased, complete, ...(kept > 0 && { kept }) });
    for (let after: string | null = ''; after !== null;) {
      if (erased >= MAX_ERASED) return result(false);
      const { ids, next } = await ledger.audit.owned(principal.id, after);
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        const some = await ofKinds(ledger, ids.slice(at, at + AT_ONCE), kinds);
        const done = await Promise.all(some.map((id) => this.erase(id, principal, reason)));
        erased += done.filter((outcome) => outcome === 'applied').length;
        kept += done.filter((outcome) => outcome === 'refused').length;
      }
      after = next;
    }
    return result(true);
  }

  /** What the policies forbid stops nothing else. */
  private async erase(
    atomeId: string,
    principal: Principal,
    reason: string | null,
  ): Promise<Outcome['outcome'] | 'refused'> {
    const envelope = { opId: null, baseVersion: null, hlc: null, reason, atomeId };
    try {
      const mutation = { ...envelope, operation: 'delete', changes: {} } as const;
      const { outcome } = await this.writes.erase(mutation, { principal, clientId: null });
      return outcome;
    } catch (error) {
      if (error instanceof AtomeError && (error.code === 'not_found' || error.code === 'forbidden')) return 'refused';
      throw error;
    }
  }

  /** Whether there is anything that {@link eraseAll} would erase. */
  async hasAny(principal: Principal): Promise<boolean> {
    const { done } = await this.ownedIds(principal, principal.id).next();
    return done !== true;
  }

  private async *ownedIds(by: Principal, subject: string, waiting?: Waiting): AsyncGenerator<string> {
    const { audit } = this.reads.ledgerOf(by, waiting);
    for (let after: string | null = ''; after !== null;) {
      const { ids, next } = await audit.owned(subject, after);
      yield* ids;
      after = next;
    }
  }
}

async function ofKinds(
  { atomes }: TenantLedger,
  ids: readonly string[],
  kinds: Erasure['kinds'],
): Promise<readonly string[]> {
  if (!kinds) return ids;
  const headers = await atomes.headers(ids);
  return headers.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => id);
}
