import 'fake-indexeddb/auto';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { playChaos } from '../chaos/chaos-run.js';

/*
 * The chaos run, long: `--seeds <n>` of them from `--from <seed>` on, with `--operations <n>` each. Of one that fails it says
 * what is wrong, and where the trace is.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    operations: { type: 'string', default: '3000' },
  },
});
const [seeds, from, operations] = [values.seeds, values.from, values.operations].map(Number) as [
  number,
  number,
  number,
];
for (let seed = from; seed < from + seeds; seed += 1) {
  const { wrong, summary, trace } = await playChaos({ seed, operations });
  console.log(`seed ${seed}: ${wrong.length === 0 ? 'sound' : `${wrong.length} WRONG`}: ${summary}`);
  if (wrong.length === 0) continue;
  process.exitCode = 1;
  const file = join(tmpdir(), `chaos-${seed}.trace`);
  writeFileSync(file, [...trace, ...wrong].join('\n'));
  console.log([...wrong.slice(0, 20).map((line) => line.slice(0, 600)), `the trace is ${file}`].join('\n'));
}
