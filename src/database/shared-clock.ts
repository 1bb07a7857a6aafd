/** How often the database is asked for its time, in milliseconds. */
const ASK_MS = 30_000;
/** How far apart clocks are of which the operator is told, in milliseconds. */
const APART_MS = 2_000;

/**
 * The time that all servers of one database go by: the database's. Their own clocks may be minutes apart, and what one of them
 * writes down, such as when a session has ended, is compared with what another takes for now.
 */
export class SharedClock {
  /** How far the database is ahead of this machine, in milliseconds. */
  private ahead = 0;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param ask the time of the database, in milliseconds since 1970.
   * @param report is told when the clock of this machine is another.
   */
  constructor(
    private readonly ask: () => Promise<number>,
    private readonly report: (line: string) => void,
  ) {}

  /** Milliseconds since 1970. */
  readonly now = (): number => Date.now() + this.ahead;

  /** Asks from now on again and again; resolves when it has asked once. Never rejects: whoever else asks says why it fails. */
  async start(): Promise<void> {
    const measure = (): Promise<void> => this.measure().catch(() => undefined);
    this.timer = setInterval(() => void measure(), ASK_MS).unref();
    await measure();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** The answer was true at some moment between question and answer: a difference that this explains is kept as it is. */
  async measure(): Promise<void> {
    const begun = performance.now();
    const told = await this.ask();
    const most = told - Date.now() + (performance.now() - begun);
    const least = told - Date.now();
    this.ahead = Math.round(Math.min(Math.max(this.ahead, least), most));
    if (Math.abs(this.ahead) < APART_MS) return;
    const seconds = Math.round(Math.abs(this.ahead) / 1_000);
    this.report(
      `the clock of this machine is ${seconds} s ${this.ahead > 0 ? 'behind' : 'ahead of'} that of the database, by which this server goes therefore: set both by NTP`,
    );
  }
}
