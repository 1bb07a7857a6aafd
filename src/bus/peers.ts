/** How long a node is there that has not said so again, in milliseconds. */
const PEER_MS = 9_000;

/** The other nodes that are there. */
export class Peers {
  private readonly heardAt = new Map<string, number>();

  get count(): number {
    return this.heardAt.size;
  }

  /** @returns whether it was not known to be there. */
  heard(node: string): boolean {
    const isNew = !this.heardAt.has(node);
    this.heardAt.set(node, performance.now());
    return isNew;
  }

  /** Forgets those that have not been heard for long. @returns their names. */
  prune(): string[] {
    const until = performance.now() - PEER_MS;
    const gone = [...this.heardAt].filter(([, heardAt]) => heardAt < until).map(([node]) => node);
    for (const node of gone) this.heardAt.delete(node);
    return gone;
  }

  /** Forgets one, or all. @returns their names. */
  clear(node?: string): string[] {
    const gone = node === undefined ? [...this.heardAt.keys()] : [node];
    for (const each of gone) this.heardAt.delete(each);
    return gone;
  }
}
