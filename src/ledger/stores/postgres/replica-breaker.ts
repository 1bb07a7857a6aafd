/** How long a replica is left alone that did not answer, in milliseconds. */
const REST_MS = 1_000;

/** How a replica is asked: as usual, or by the one read that finds out whether it is there again. */
export type Asking = 'as usual' | 'as a trial';

/** Whether a replica is asked: as long as it answers. Then it rests, and is tried by one read at a time. */
export class ReplicaBreaker {
  private why: string | undefined;
  private restsUntil = 0;
  private isTried = false;
  private scope = '';

  /** @param onRest is told why, each time. */
  constructor(private readonly onRest: (why: string) => void) {}

  /** Why the primary is asked for now; undefined while the replica is. */
  get fault(): string | undefined {
    return this.why;
  }

  /** Whose read it could not answer last. */
  get missed(): string {
    return this.scope;
  }

  /** How the replica may be asked now, until {@link ended}; undefined: not at all. */
  begin(): Asking | undefined {
    if (this.why === undefined) return 'as usual';
    if (this.isTried || performance.now() < this.restsUntil) return undefined;
    this.isTried = true;
    return 'as a trial';
  }

  /** Whether it still may: others may have found out meanwhile that it is not there. */
  isOpenTo(asking: Asking): boolean {
    return asking === 'as a trial' || this.why === undefined;
  }

  /** @param isSound whether it has answered, in time. */
  ended(asking: Asking, isSound: boolean): void {
    if (asking === 'as usual') return;
    this.isTried = false;
    if (isSound) this.why = undefined;
  }

  /** It could not answer. */
  rest(scope: string, why: string): void {
    this.scope = scope;
    this.restsUntil = performance.now() + REST_MS;
    this.why = why;
    this.onRest(why);
  }
}
