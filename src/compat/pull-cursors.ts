import type { Principal } from '../protocol/index.js';

const MOST = 10_000;

/** A seq for each principal, of those who came last. Kept in memory: who is forgotten is told more than it needs. */
export class Bookmarks {
  private readonly seqs = new Map<string, number>();

  of(ledger: { readonly epoch: string }, principal: Principal): number | undefined {
    return this.seqs.get(keyOf(ledger, principal));
  }

  put(ledger: { readonly epoch: string }, principal: Principal, seq: number): void {
    const key = keyOf(ledger, principal);
    // behind all others: a Map keeps its order
    this.seqs.delete(key);
    this.seqs.set(key, seq);
    if (this.seqs.size > MOST) this.seqs.delete(this.seqs.keys().next().value!);
  }
}

/** An epoch is that of one ledger of one tenant. */
function keyOf({ epoch }: { readonly epoch: string }, { id }: Principal): string {
  return `${epoch} ${id}`;
}
