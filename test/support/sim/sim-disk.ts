import { memoryStore } from '../../../client/src/index.js';
import type { Changes, Store } from '../../../client/src/storage/store.js';
import type { Schedule } from './schedule.js';
import type { SimDice } from './sim-dice.js';

/** How long a disk takes, in milliseconds, about. */
const DISK_MS = 0.3;

/** What a client keeps its data in, whichever of its programs runs: what is not durable when one dies is not there. */
export class SimDisk {
  /** Nothing can be read or kept. */
  fails = false;
  private readonly durable = memoryStore();
  private last = Promise.resolve();

  /** @param forgets whether it says that something is durable that is not yet; nothing but for the proof that this is found. */
  constructor(
    private readonly schedule: Schedule,
    private readonly dice: SimDice,
    private readonly forgets: () => boolean,
  ) {}

  /** As one program has it. */
  mount(): Store {
    const { durable } = this;
    // whatever the program before had not done yet is not done any more
    this.last = Promise.resolve();
    const pass = <T>(run: () => Promise<T>): Promise<T> => {
      const done = this.last.then(async () => {
        await this.elapse();
        if (this.fails) throw new Error('no space is left');
        const result = await run();
        if (this.dice.isSo(0.5)) await this.elapse();
        return result;
      });
      this.last = done.then(
        () => undefined,
        () => undefined,
      );
      return done;
    };
    return {
      open: (owner, claim) => pass(() => durable.open(owner, claim)),
      atomes: () => durable.atomes(),
      commit: (changes) => (this.forgets() ? this.commitLate(changes) : pass(() => durable.commit(changes))),
      close: () => pass(() => durable.close()),
    };
  }

  private commitLate(changes: readonly Changes[]): Promise<void> {
    this.schedule.after(this.dice.ms(20), () => void this.durable.commit(changes));
    return Promise.resolve();
  }

  private elapse(): Promise<void> {
    return new Promise((resolve) => this.schedule.after(this.dice.ms(DISK_MS), resolve));
  }
}
