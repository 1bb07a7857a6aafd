/** How long a node is there that has not said so again, in milliseconds. */
const PEER_MS = 15_000;
/** So many are remembered: whether there is one is all that matters. */
const MAX_PEERS = 1_000;

/** The other nodes that are there. */
export class Peers {
  private readonly heardAt = new Map<string, number>();

  get count(): number {
    return this.heardAt.size;
  }

  /** @returns whether it was not known to be there. */
  heard(node: string): boolean {
    const isNew = !this.heardAt.has(node);
    if (!isNew || this.heardAt.size < MAX_PEERS) this.heardAt.set(node, Date.now());
    return isNew;
  }

  /** Forgets those that have not been heard for long. */
  prune(): void {
    const until = Date.now() - PEER_MS;
    for (const [node, heardAt] of this.heardAt) if (heardAt < until) this.heardAt.delete(node);
  }

  clear(): void {
    this.heardAt.clear();
  }
}
