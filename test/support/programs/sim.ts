import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { PLANTED, type PlantedFault } from '../sim/planted-faults.js';
import { Simulator, type SimOptions } from '../sim/sim-run.js';

const HELP = `npm run sim -- [options]   plays the core in virtual time: all that happens follows from a seed

  --seed N     the first seed; default 1
  --seeds K    how many seeds; default 1
  --steps M    how many times something is written, or goes wrong, in each; default 20
  --jobs J     how many threads play them; default: as many as there are processors
  --trace      tells all that happens, one line each; of a seed that fails it is told anyway
  --fault F    plants a fault in what is around the core, which has to be found:
${Object.entries(PLANTED)
  .map(([name, what]) => `                 ${name.padEnd(15)} ${what}`)
  .join('\n')}
  --prove      plants each of them in up to K seeds, which has to be found, and plays K / 10 seeds twice, which have to be the same
  --help       this

It fails where a seed does, with the fewest steps in which that one fails, its trace, and the command that plays it again.`;

/** One thread's part of the work. */
interface Share {
  readonly share: number;
  /** The seed that each thread plays. */
  readonly playing: Int32Array;
}

/** What goes round in circles does not end by itself: how long one seed may take, in milliseconds. */
const HANGS_MS = 120_000;

/** Most of what a run makes does not outlive it: with so much room for what is new, in MiB, little of it is looked through. */
const ROOM = { maxYoungGenerationSizeMb: 64 };

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string', default: '20' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    fault: { type: 'string' },
    trace: { type: 'boolean', default: false },
    prove: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [first, seeds, steps, jobs] = [values.seed, values.seeds, values.steps, values.jobs].map(Number) as [
  number,
  number,
  number,
  number,
];
const fault = values.fault as PlantedFault | undefined;
const say = (...lines: readonly string[]): void => console.log(lines.join('\n'));

if (values.help) say(HELP);
else if (fault !== undefined && !(fault in PLANTED)) {
  say(`there is no fault "${fault}"`, HELP);
  process.exitCode = 2;
} else if (!isMainThread) await playShare(workerData as Share);
else {
  // before the time of this thread is virtual
  const failed = values.prove || seeds === 1 ? undefined : await inThreads();
  const simulator = await Simulator.open(values.trace);
  try {
    if (values.prove) await prove(simulator);
    else await tell(simulator, failed ?? (await playOne(simulator)));
  } finally {
    await simulator.close();
  }
}

/** What a thread does: each so many-th of the seeds, and it notes which one it plays. */
async function playShare({ share, playing }: Share): Promise<void> {
  const simulator = await Simulator.open();
  const failed: number[] = [];
  for (let seed = first + share; seed < first + seeds; seed += jobs) {
    playing[share] = seed;
    if ((await simulator.play({ seed, steps, fault })).wrong.length > 0) failed.push(seed);
  }
  await simulator.close();
  parentPort!.postMessage(failed);
}

async function tell(simulator: Simulator, failed: number[]): Promise<void> {
  say(
    `${seeds} seeds from ${first}, ${steps} steps each: ${failed.length === 0 ? 'all sound' : `${failed.length} WRONG`}`,
  );
  if (failed.length === 0) return;
  process.exitCode = 1;
  failed.sort((one, other) => one - other);
  const [seed] = failed as [number, ...number[]];
  const least = await shrink(simulator, { seed, steps, fault });
  const { wrong, trace } = await simulator.play(least);
  const planted = fault === undefined ? '' : ` --fault ${fault}`;
  const again = (each: number, count: number): string => `npm run sim -- --seed ${each} --steps ${count}${planted}`;
  say(...trace, ...wrong.map((line) => `WRONG: ${line}`), `again: ${again(seed, least.steps)}`);
  say(...failed.slice(1, 20).map((each) => `also:  ${again(each, steps)}`));
}

async function playOne(simulator: Simulator): Promise<number[]> {
  const { wrong, trace, hash, summary } = await simulator.play({ seed: first, steps, fault });
  if (values.trace && wrong.length === 0) say(...trace);
  say(`seed ${first}: ${summary}, trace ${hash.slice(0, 16)}`);
  return wrong.length > 0 ? [first] : [];
}

async function inThreads(): Promise<number[]> {
  const program = fileURLToPath(import.meta.url);
  const playing = new Int32Array(new SharedArrayBuffer(4 * jobs));
  const shares = Array.from({ length: Math.min(jobs, seeds) }, (_, share) => {
    const workerData: Share = { share, playing };
    const thread = new Worker(program, { workerData, argv: process.argv.slice(2), resourceLimits: ROOM });
    return new Promise<number[]>((resolve, reject) => {
      let last: number | undefined;
      const watch = setInterval(() => {
        if (playing[share] === last)
          reject(new Error(`it does not end: npm run sim -- --seed ${last} --steps ${steps}`));
        last = playing[share];
      }, HANGS_MS);
      const settle = (done: () => void): void => {
        clearInterval(watch);
        done();
      };
      thread.once('message', (failed: number[]) => settle(() => resolve(failed)));
      thread.once('error', (error) => settle(() => reject(error)));
    });
  });
  return (await Promise.all(shares)).flat();
}

/** The same with as few steps as still fail. */
async function shrink(simulator: Simulator, options: SimOptions): Promise<SimOptions> {
  for (let count = 1; count < options.steps; count += 1) {
    const { wrong } = await simulator.play({ ...options, steps: count });
    if (wrong.length > 0) return { ...options, steps: count };
  }
  return options;
}

/** That what is wrong is found, and that nothing but the seed decides. */
async function prove(simulator: Simulator): Promise<void> {
  for (const name of Object.keys(PLANTED) as PlantedFault[]) {
    let seed = first;
    while (seed < first + seeds && (await simulator.play({ seed, steps, fault: name })).wrong.length === 0) seed += 1;
    const isFound = seed < first + seeds;
    say(`${name}: ${isFound ? `found with seed ${seed}` : `NOT FOUND in ${seeds} seeds`}`);
    if (!isFound) process.exitCode = 1;
  }
  const twice = Math.ceil(seeds / 10);
  let others = 0;
  for (let seed = first; seed < first + twice; seed += 1) {
    const { hash } = await simulator.play({ seed, steps });
    if (hash !== (await simulator.play({ seed, steps })).hash) others += 1;
  }
  say(`${twice} seeds played twice: ${others === 0 ? 'all the same' : `${others} OTHERS`}`);
  if (others > 0) process.exitCode = 1;
}
