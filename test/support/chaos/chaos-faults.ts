import { setTimeout as elapse } from 'node:timers/promises';
import type { ChaosLocks } from './chaos-locks.js';
import { USERS, type ChaosSeat } from './chaos-seat.js';
import type { ChaosServer } from './chaos-server.js';

/** How long something lasts that ends by itself, in milliseconds at most. */
const LASTS_MS = 600;
/** How many operations there are between two faults, and between two kills of the server, about. */
const [FAULT_EVERY, KILL_EVERY] = [6, 250];

type Fault = (seat: ChaosSeat) => unknown;

/** What goes wrong in one run. */
export class ChaosFaults {
  private readonly counts: Record<string, number> = {};
  /** What ends by itself. */
  private readonly passing = new Set<Promise<unknown>>();
  /** The seats to which something happens that the next one has to wait for. */
  private readonly busy = new Set<ChaosSeat>();
  private nextKill = KILL_EVERY / 2;

  constructor(
    private readonly seats: readonly ChaosSeat[],
    private readonly server: ChaosServer,
    private readonly locks: ChaosLocks,
    private readonly parts: { readonly random: () => number; readonly trace: (line: string) => void },
  ) {}

  private readonly faults: Readonly<Record<string, Fault>> = {
    cut: (seat) => seat.network.cut(),
    'half-open': (seat) => seat.network.halfOpen(),
    stall: async (seat) => {
      seat.network.stall();
      await this.aWhile();
      seat.network.go();
    },
    sleep: async (seat) => {
      seat.sleep();
      // who waits finds that the one who leads sleeps
      if (this.parts.random() < 0.5) this.locks.steal();
      await this.aWhile();
      seat.wake();
    },
    reopen: async (seat) => {
      await seat.close();
      seat.open();
    },
    kill: async (seat) => {
      const ended = seat.kill();
      seat.open();
      await ended;
    },
    'storage fails': async (seat) => {
      seat.storeFails = true;
      await this.aWhile();
      seat.storeFails = false;
    },
    'another user': async (seat) => {
      await seat.close();
      seat.open(USERS.find((user) => user !== seat.user));
    },
  };

  /** By chance, something goes wrong now. @param n of the operation that is next. */
  async strike(n: number): Promise<void> {
    const { random } = this.parts;
    if (n >= this.nextKill) {
      this.nextKill = n + KILL_EVERY * (0.5 + random());
      this.begin('server killed', this.server.kill());
    }
    if (random() * FAULT_EVERY >= 1) return;
    const names = Object.keys(this.faults);
    const name = names[Math.floor(random() * names.length)]!;
    const seat = this.seats[Math.floor(random() * this.seats.length)]!;
    if (this.busy.has(seat)) return;
    this.parts.trace(`${seat.name} ${name}`);
    this.busy.add(seat);
    const over = Promise.resolve(this.faults[name]!(seat)).finally(() => this.busy.delete(seat));
    this.begin(name, over);
    // a user has nothing to write to while a program is not there
    if (['reopen', 'another user'].includes(name)) await over;
  }

  /** Nothing goes wrong any more. */
  async heal(): Promise<void> {
    this.parts.trace('all is well');
    await Promise.all(this.passing);
    await this.server.isUp();
    for (const seat of this.seats) seat.isWild = false;
    await Promise.all(this.seats.map(({ network }) => network.heal()));
  }

  /** How often what has happened. */
  summary(): string {
    const all = [this.counts, ...this.seats.map(({ network }) => network.counts)];
    const names = [...new Set(all.flatMap(Object.keys))];
    return names.map((name) => `${all.reduce((sum, each) => sum + (each[name] ?? 0), 0)} ${name}`).join(', ');
  }

  private begin(name: string, fault: Promise<unknown>): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    this.passing.add(fault);
    void fault.finally(() => this.passing.delete(fault)).catch(() => undefined);
  }

  private aWhile(): Promise<void> {
    return elapse(this.parts.random() * LASTS_MS);
  }
}
