import { newSalt, sha256 } from '../../../src/ledger/integrity/hash-chain.js';
import { openStore } from '../../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../../src/ledger/stores/sql.store.js';
import { uuidv7 } from '../../../src/protocol/ids.js';
import type { PlantedFault } from './planted-faults.js';
import { Schedule } from './schedule.js';
import { auditSim } from './sim-audit.js';
import { empty, prepareCopies } from './sim-copy.js';
import { SimDice } from './sim-dice.js';
import { strike } from './sim-faults.js';
import { SimWorld } from './sim-world.js';
import { begin, enterVirtualWorld } from './virtual-world.js';

/** What a run is: all of it follows from this. */
export interface SimOptions {
  readonly seed: number;
  /** How many times something is written, or goes wrong. */
  readonly steps: number;
  /** What is to go wrong that must not. */
  readonly fault?: PlantedFault | undefined;
}

/** How a run has ended. */
export interface SimResult {
  /** What is wrong, a sentence each. */
  readonly wrong: readonly string[];
  /** What has happened, line by line. */
  readonly trace: readonly string[];
  /** Of the trace: two runs with the same hash have been the same. */
  readonly hash: string;
  readonly summary: string;
}

const UNCAUGHT = ['unhandledRejection', 'uncaughtException'] as const;
/** How often a step is a fault, and how often one follows at once. */
const [FAULTS, AT_ONCE] = [0.18, 0.6];
/** How long there is between two steps otherwise, in milliseconds, about. */
const PAUSE_MS = 25;

/** Plays runs, one after the other, in virtual time, over one database that is emptied before each. */
export class Simulator {
  private constructor(
    private readonly store: SqlStore,
    private readonly leave: () => void,
  ) {}

  /** From here on until `close` the time of this process is virtual, and stands still between two runs. */
  static async open(hasStacks = false): Promise<Simulator> {
    const store = await openStore('sqlite::memory:');
    await prepareCopies(store);
    const { stackTraceLimit } = Error;
    // refusals are many, and mostly nobody asks where they come from
    if (!hasStacks) Error.stackTraceLimit = 0;
    const leave = enterVirtualWorld();
    return new Simulator(store, () => {
      leave();
      Error.stackTraceLimit = stackTraceLimit;
    });
  }

  async close(): Promise<void> {
    this.leave();
    await this.store.close();
  }

  /** Plays one run. */
  async play({ seed, steps, fault }: SimOptions): Promise<SimResult> {
    await empty(this.store);
    drawAnew(seed);
    const world = new SimWorld(seed, this.store, fault);
    begin(world.schedule, new SimDice(seed, 'code').random);
    UNCAUGHT.forEach((name) => process.on(name, world.thrown));
    try {
      const wrong = await run(world, steps);
      const { happened: trace, now, count } = world.schedule;
      const { rows, heardEvents } = world.witness;
      const summary = `${count} happenings in ${Math.round(now)} ms, ${rows.length} rows, ${heardEvents} events heard`;
      return { wrong, trace, hash: sha256(trace.join('\n')), summary };
    } finally {
      UNCAUGHT.forEach((name) => process.off(name, world.thrown));
    }
  }
}

async function run(world: SimWorld, steps: number): Promise<string[]> {
  const { schedule, dice, witness } = world;
  world.begin();
  for (let n = 1; n <= steps && witness.wrong.length === 0; n += 1) {
    let isDone = false;
    const step = (): void => {
      isDone = true;
      if (dice.isSo(FAULTS)) strike(world);
      else world.write(n);
    };
    schedule.after(dice.isSo(AT_ONCE) ? dice.ms(0.3) : dice.ms(PAUSE_MS), step, { actor: schedule.world });
    await schedule.until(() => isDone, 600_000);
  }
  if (witness.wrong.length > 0) return witness.wrong;
  world.heal();
  return auditSim(world);
}

/** What the product keeps of random bytes is used up, so that those of this run are drawn in it. */
function drawAnew(seed: number): void {
  const { random } = new SimDice(seed, 'pools');
  let drawn = 0;
  begin(new Schedule(() => undefined), () => {
    drawn += 1;
    return random();
  });
  for (const draw of [uuidv7, newSalt]) for (drawn = 0; drawn === 0;) draw();
}
