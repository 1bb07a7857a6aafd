import { StoreError } from '../ledger/store-error.js';
import type { LedgerStore } from '../ledger/store.js';

/** How long the database may take, in milliseconds: who asks for health gives up after a second. */
const DEADLINE_MS = 700;

// why, the log says: it may name hosts and users
const NOT_READ = 'the replica does not answer reads, and the primary does: the log says why';

interface Probe {
  /** Why a write is not possible; undefined when it is. */
  readonly answer: Promise<string | undefined>;
  /** Resolves when the database is too late. */
  readonly deadline: Promise<string>;
}

/** Finds out whether a write is possible now: one question at a time, whoever asks, and an answer in time for each. */
export class Readiness {
  private probe: Probe | undefined;

  /** @param onError is told of what the store does not report by itself. */
  constructor(
    private readonly store: Pick<LedgerStore, 'probe' | 'readFault' | 'writeFault'>,
    private readonly onError: (error: unknown) => void,
    private readonly deadlineMs = DEADLINE_MS,
  ) {}

  /** Why a write is not possible, in a sentence of our own; undefined when it is. Never rejects. */
  ask(): Promise<string | undefined> {
    this.probe ??= this.begin();
    const { answer, deadline } = this.probe;
    return Promise.race([answer, deadline]);
  }

  /**
   * What is amiss though the server should get requests, in a sentence. Whoever took it out for a full disk would take the reads
   * away too, and all servers at once: the disk is that of each of them.
   */
  get degraded(): string | undefined {
    const { writeFault, readFault } = this.store;
    return writeFault ?? (readFault === undefined ? undefined : NOT_READ);
  }

  private begin(): Probe {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<string>((resolve) => {
      const late = `the database has not answered within ${this.deadlineMs / 1_000} s`;
      timer = setTimeout(resolve, this.deadlineMs, late).unref();
    });
    const answer = this.store
      .probe()
      .then(
        () => undefined,
        (error: unknown) => this.reasonOf(error),
      )
      .finally(() => {
        clearTimeout(timer);
        this.probe = undefined;
      });
    return { answer, deadline };
  }

  private reasonOf(error: unknown): string {
    if (error instanceof StoreError) return error.message;
    this.onError(error);
    return 'the database does not do what it should; the log of the server says more';
  }
}
