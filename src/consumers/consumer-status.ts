/** An alteration that a consumer has given up. */
export interface DeadLetter {
  /** Of the alteration. */
  readonly seq: number;
  /** Of which atome. */
  readonly atomeId: string;
  /** How often it was tried. */
  readonly attempts: number;
  /** What the handler has failed with, in the end. */
  readonly error: string;
  /** When; ISO 8601 in UTC. */
  readonly failedAt: string;
  /** Whether it is about to be tried again. */
  readonly isDue: boolean;
}

/** How a consumer stands in the ledger of one tenant. */
export interface ConsumerStatus {
  /** As it was declared. */
  readonly name: string;
  /** Whether a process runs it. */
  readonly isRunning: boolean;
  /** All up to here are handled, or dead letters. */
  readonly seq: number;
  /** How many alterations are behind that. */
  readonly lag: number;
  /** How often the next of them has failed. */
  readonly attempts: number;
  /** What it has failed with; null where it has not. */
  readonly error: string | null;
  /** How many it has given up. */
  readonly deadLetters: number;
}

/** Which dead letters. */
export interface LetterQuery {
  /** Of whose ledger. */
  readonly tenant: string;
  /** Only those behind this seq. */
  readonly after?: number;
  /** At most so many; default 100. */
  readonly limit?: number;
}

/** Which dead letters are decided on. */
export interface LetterChoice {
  /** Of whose ledger. */
  readonly tenant: string;
  /** The one of this alteration; left out: all of the tenant's. */
  readonly seq?: number | undefined;
}

/** Where consumers stand, as it is kept. */
export interface ConsumerRows {
  list(tenant: string, name?: string): Promise<ConsumerStatus[]>;
  deadLetters(name: string, query: LetterQuery): Promise<DeadLetter[]>;
  /** @returns how many. */
  decide(name: string, choice: LetterChoice, isSkipped: boolean): Promise<number>;
}
