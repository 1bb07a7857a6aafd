/** So many alterations make the first analysis due, and ten times as many each that follows. */
const FIRST = 1_000;

/**
 * What PostgreSQL knows of the tables that grow. By itself it looks at a new one after a minute only; until then it takes any
 * index that begins with the tenant for the right one, and walks it.
 */
export class TableStatistics {
  private added = 0;
  private dueAt = FIRST;
  private analysing: Promise<void> = Promise.resolve();

  constructor(private readonly analyse: () => Promise<unknown>) {}

  /** @param count of alterations. */
  grown(count: number): void {
    this.added += count;
    if (this.added < this.dueAt) return;
    this.dueAt *= 10;
    const isOver = (): void => undefined;
    // what hinders it hinders the writes as well, and they say so
    this.analysing = this.analyse().then(isOver, isOver);
  }

  /** Resolves when what has begun is over. */
  done(): Promise<void> {
    return this.analysing;
  }
}
