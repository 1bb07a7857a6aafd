import { AtomeError } from '../../protocol/index.js';
import type { Authenticator, Identity } from '../authentication/authenticator.js';
import { Counter } from './counter.js';

/** How many connections and streams may be open at once; 0: as many as come. */
export interface PlaceOptions {
  readonly total: number;
  /** From one address; more than one client may be behind it. */
  readonly perAddress: number;
  readonly perPrincipal: number;
  /** Of those that have not yet said who they are; the oldest makes room for the newest. */
  readonly unauthenticated: number;
}

export const DEFAULT_PLACE_OPTIONS: PlaceOptions = {
  total: 20_000,
  perAddress: 2_000,
  perPrincipal: 200,
  unauthenticated: 1_000,
};

/** Why a place has to be left: its owner's token is good no longer, or somebody else needs it more. */
export type Lapse = 'withdrawn' | 'displaced';

/** How often is asked whether those who are here may stay, in milliseconds. */
const CHECK_MS = 1_000;
/** When it is worth coming back to a full house, in milliseconds. */
const RETRY_MS = 5_000;

/**
 * Everything that stays open for somebody: connections and streams. There are only so many places, in all and for
 * each; and who may not stay any more is told so.
 */
export class Places {
  /** In the order in which they were taken. */
  private readonly taken = new Set<Place>();
  private readonly strangers = new Set<Place>();
  private readonly strangersAt = new Map<string, Set<Place>>();
  private readonly addresses = new Counter();
  private readonly principals = new Counter();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly authenticator: Authenticator,
    private readonly options: PlaceOptions = DEFAULT_PLACE_OPTIONS,
  ) {}

  start(): void {
    this.stop();
    this.timer = setInterval(() => void this.check(), CHECK_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Why nothing more can be opened from an address; undefined when it can. */
  refusal(address: string): AtomeError | undefined {
    const { total, perAddress } = this.options;
    const retryAfter = RETRY_MS;
    if (isFull(this.taken.size, total)) {
      return new AtomeError('unavailable', 'the server has no room for more connections; try again', { retryAfter });
    }
    // others may share the address with whoever fills it, so that strangers make room
    const isTaken = isFull(this.addresses.of(address), perAddress) && !this.strangersAt.has(address);
    return isTaken ? tooMany('from this address') : undefined;
  }

  /**
   * Takes a place, whether or not there is a {@link refusal}.
   * @param lapsed called at most once, when whoever is there may not stay.
   */
  take(address: string, lapsed: (why: Lapse) => void): Place {
    const place = new Place(lapsed, {
      belongTo: (before, after) => this.admit(place, address, before, after),
      leave: () => this.remove(place, address),
    });
    if (this.authenticator.required) this.greet(place, address);
    this.taken.add(place);
    this.addresses.add(address);
    return place;
  }

  /** Asks once about all. */
  async check(): Promise<void> {
    await this.authenticator.refresh();
    for (const place of this.taken) {
      if (place.identity && !this.authenticator.isCurrent(place.identity)) place.lapse('withdrawn');
    }
  }

  /** A flood of strangers displaces itself; who says at once who it is has long left their number. */
  private greet(place: Place, address: string): void {
    const { unauthenticated, perAddress } = this.options;
    if (isFull(this.addresses.of(address), perAddress)) displaceOldest(this.strangersAt.get(address));
    if (isFull(this.strangers.size, unauthenticated)) displaceOldest(this.strangers);
    this.strangers.add(place);
    const here = this.strangersAt.get(address);
    if (here) here.add(place);
    else this.strangersAt.set(address, new Set([place]));
  }

  private admit(place: Place, address: string, before: Identity | undefined, after: Identity): void {
    // without authentication everybody is the same
    if (before || !this.authenticator.required) return;
    const name = nameOf(after);
    if (isFull(this.principals.of(name), this.options.perPrincipal)) throw tooMany('of yours');
    this.principals.add(name);
    this.forgetStranger(place, address);
  }

  private remove(place: Place, address: string): void {
    if (!this.taken.delete(place)) return;
    this.addresses.remove(address);
    this.forgetStranger(place, address);
    if (place.identity) this.principals.remove(nameOf(place.identity));
  }

  private forgetStranger(place: Place, address: string): void {
    if (!this.strangers.delete(place)) return;
    const here = this.strangersAt.get(address)!;
    here.delete(place);
    if (here.size === 0) this.strangersAt.delete(address);
  }
}

/** What a place tells the house. */
interface House {
  belongTo(before: Identity | undefined, after: Identity): void;
  leave(): void;
}

/** One thing that is open, and for whom. */
export class Place {
  private who: Identity | undefined;

  constructor(
    private readonly lapsed: (why: Lapse) => void,
    private readonly house: House,
  ) {}

  /** undefined until somebody is known. */
  get identity(): Identity | undefined {
    return this.who;
  }

  /**
   * Says who it is, or that a newer token of the same principal counts.
   * @throws AtomeError `rate_limited` when that principal has too many places.
   */
  belongTo(identity: Identity): void {
    this.house.belongTo(this.who, identity);
    this.who = identity;
  }

  lapse(why: Lapse): void {
    this.leave();
    this.lapsed(why);
  }

  /** May be called twice. */
  leave(): void {
    this.house.leave();
  }
}

function displaceOldest(strangers: ReadonlySet<Place> = new Set()): void {
  const [oldest] = strangers;
  oldest?.lapse('displaced');
}

function isFull(count: number, most: number): boolean {
  return most > 0 && count >= most;
}

function nameOf({ principal }: Identity): string {
  return `${principal.tenant} ${principal.id}`;
}

function tooMany(whose: string): AtomeError {
  const message = `too many connections and streams ${whose} are open; close some, then come back`;
  return new AtomeError('rate_limited', message, { retryAfter: RETRY_MS });
}
