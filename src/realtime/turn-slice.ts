/** How long messages of all connections may be taken before the event loop turns, in milliseconds, with no connection left out. */
const SLICE_MS = 4;

/**
 * What is left of this turn of the event loop for messages: what comes within one turn is one group of writes and one frame to
 * each reader, so that to turn sooner costs both. All connections share it.
 */
export class TurnSlice {
  /** undefined until it is asked for in a turn. */
  private end: number | undefined;

  /** @param now milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  get isOver(): boolean {
    if (this.end !== undefined) return this.now() >= this.end;
    this.end = this.now() + SLICE_MS;
    setImmediate(() => (this.end = undefined));
    return false;
  }
}
