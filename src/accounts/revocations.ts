/** A session that was ended before its access tokens, and when. */
export interface Revoked {
  readonly id: string;
  readonly revokedAt: number;
}

/** How far the clocks of several servers may be apart, and how long a commit may take, in milliseconds. */
const CLOCK_SLACK_MS = 60_000;

/**
 * The sessions that were ended while access tokens of theirs may still be good, on this server or on any other: what
 * was ended here is known at once, the rest when the database has been asked.
 */
export class Revocations {
  /** How long one counts after its session was ended, in milliseconds; no access token of it is good after that. */
  readonly keptMs: number;
  private readonly known = new Map<string, number>();
  private askedAt: number;
  private asking: Promise<void> | undefined;
  private isFailing = false;

  /** @param tokenMs how long an access token is good. */
  constructor(
    private readonly revokedSince: (time: number) => Promise<Revoked[]>,
    tokenMs: number,
    /** Told once of failures that follow each other. */
    private readonly onError: (error: unknown) => void,
    private readonly now: () => number = Date.now,
  ) {
    this.keptMs = tokenMs + 2 * CLOCK_SLACK_MS;
    this.askedAt = now() - tokenMs;
  }

  has(sessionId: string): boolean {
    return this.known.has(sessionId);
  }

  add(...sessionIds: readonly string[]): void {
    for (const id of sessionIds) this.known.set(id, this.now());
  }

  /** Asks for what the others have ended; after a failure for all since the last answer. Never rejects. */
  refresh(): Promise<void> {
    this.asking ??= this.ask().then(
      () => this.answered(false),
      (error: unknown) => {
        if (!this.isFailing) this.onError(error);
        this.answered(true);
      },
    );
    return this.asking;
  }

  private answered(isFailing: boolean): void {
    this.isFailing = isFailing;
    this.asking = undefined;
  }

  private async ask(): Promise<void> {
    const now = this.now();
    for (const { id, revokedAt } of await this.revokedSince(this.askedAt - CLOCK_SLACK_MS))
      this.known.set(id, revokedAt);
    this.askedAt = now;
    for (const [id, revokedAt] of this.known) if (revokedAt < now - this.keptMs) this.known.delete(id);
  }
}
