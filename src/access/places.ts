import type { Authenticator, Identity } from './authenticator.js';

/** How often is asked whether those who are here may stay, in milliseconds. */
const CHECK_MS = 1_000;

/** Everything that stays open for somebody: connections and streams. Who may not stay any more is told so. */
export class Places {
  private readonly taken = new Set<Place>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly authenticator: Authenticator) {}

  start(): void {
    this.stop();
    this.timer = setInterval(() => void this.check(), CHECK_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** @param lapsed called at most once, when whoever is there may not stay. */
  take(lapsed: (why: string) => void): Place {
    const place = new Place(lapsed, () => this.taken.delete(place));
    this.taken.add(place);
    return place;
  }

  /** Asks once about all. */
  async check(): Promise<void> {
    await this.authenticator.refresh();
    for (const place of this.taken) {
      if (place.identity && !this.authenticator.isCurrent(place.identity)) place.lapse('the token has been withdrawn');
    }
  }
}

/** One thing that is open, and for whom. */
export class Place {
  private who: Identity | undefined;

  constructor(
    private readonly lapsed: (why: string) => void,
    private readonly left: () => void,
  ) {}

  /** undefined until somebody is known. */
  get identity(): Identity | undefined {
    return this.who;
  }

  /** Says who it is, or that a newer token of the same principal counts. */
  belongTo(identity: Identity): void {
    this.who = identity;
  }

  lapse(why: string): void {
    this.leave();
    this.lapsed(why);
  }

  /** May be called twice. */
  leave(): void {
    this.left();
  }
}
