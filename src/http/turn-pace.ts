import { AsyncLocalStorage } from 'node:async_hooks';

/** How long a turn of the event loop is to take, in milliseconds: whoever comes meanwhile waits for two at the most. */
const TURN_MS = 5;
/** How many calls begin in a turn, at the least and at the most: it is learnt what they cost. */
export const IN_TURN = { least: 16, first: 64, most: 256 } as const;
/** How much of what the calls of a turn took goes into what the next ones are expected to take. */
const NEWEST_SHARE = 0.1;
/** What a call leads to takes no more than so many times what it takes to begin: where a turn was longer, others had it. */
const LEADS_TO = 4;

/** How many calls begin in a turn of the event loop, as it has time for. */
export class TurnPace {
  /** A turn belongs to no call, whichever it was that began it. */
  private readonly outside = AsyncLocalStorage.snapshot();
  private callMs = TURN_MS / IN_TURN.first;
  private begunAt = 0;
  private begun = 0;
  /** How long each of those took that have begun from the lines in this turn, as far as they came at once. */
  private ownMs = Infinity;
  private isTurning = false;

  /** @param turn is called in a turn behind calls, and has those begin that wait, as far as there is room. */
  constructor(private readonly turn: () => void) {}

  /** Whether one more may begin in this turn. */
  get hasRoom(): boolean {
    return this.begun < this.room;
  }

  /** One has come: there is a turn behind it. */
  came(): void {
    if (!this.isTurning) this.goOn(performance.now());
  }

  /** One begins. */
  begins(): void {
    this.begun += 1;
  }

  /** Another turn follows this one. */
  goOn(now: number): void {
    this.isTurning = true;
    this.begunAt = now;
    this.begun = 0;
    this.ownMs = Infinity;
    this.outside(() => {
      setImmediate(() => {
        this.learn(performance.now());
        this.isTurning = false;
        this.turn();
      });
      // nothing is between them but what those have done at once that the turn let begin
      setImmediate(() => this.measure());
    });
  }

  /** How many begin in this turn. */
  private get room(): number {
    return Math.max(IN_TURN.least, Math.min(IN_TURN.most, TURN_MS / this.callMs));
  }

  private measure(): void {
    if (this.isTurning && this.begun > 0) this.ownMs = (performance.now() - this.begunAt) / this.begun;
  }

  /** What those of the turn before have cost, from the first of them until now, all that they have led to included. */
  private learn(now: number): void {
    if (this.begun < IN_TURN.least && this.ownMs === Infinity) return;
    const callMs = Math.min((now - this.begunAt) / this.begun, LEADS_TO * this.ownMs);
    this.callMs += NEWEST_SHARE * Math.min(1, this.begun / IN_TURN.least) * (callMs - this.callMs);
  }
}
