import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `Measures atome-sync beside its peers, on this machine, in one run.

Usage: npm run bench [-- [workload …] [options]]

  --list              what workloads there are
  --quick             short: one repetition, small sizes; for a look, not for a comparison
  --case <text>       only cases whose name has this in it
  --only <text>       only contestants whose name has this in it
  --repetitions <n>   how often each contestant is measured (default 3, at least 3 for a comparison)
  --seconds <n>       how long each measurement takes (default 5)
  --compare <file>    compare with earlier results, such as bench/results/last.json; exit code 1 when something is
                      more than 15 % worse, beyond its spread
  --help

Results: bench/results/last.json (quick ones: quick.json) and *.svg; \`node bench/report.js\` puts them into
docs/performance.md. PostgreSQL is started by the bench, or is that of BENCH_POSTGRES_URL (whose server may create
databases). BENCH_CPU_PROF=<folder> leaves CPU profiles of our server there; BENCH_NO_BUILD=1 takes dist/ as it is.
`;

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** Exit code for a call that is not understood. */
const EX_USAGE = 2;

const { values, positionals } = readArguments();
for (const name of /** @type {const} */ (['repetitions', 'seconds'])) {
  if (values[name] !== undefined && !(Number(values[name]) > 0)) refuse(`--${name}: expected a number above 0`);
}
if (values.help) {
  process.stdout.write(HELP);
} else {
  if (!isInstalled()) npm(['--prefix', at('.'), 'ci', '--no-audit', '--no-fund']);
  if (!values.list && !process.env.BENCH_NO_BUILD) npm(['--prefix', at('..'), 'run', '--silent', 'build']);
  const { bench } = await import('./bench.js');
  process.exitCode = await bench(positionals, values);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        list: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        case: { type: 'string', default: '' },
        only: { type: 'string', default: '' },
        repetitions: { type: 'string' },
        seconds: { type: 'string' },
        compare: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} why
 * @returns {never}
 */
function refuse(why) {
  process.stderr.write(`${why}\n\n${HELP}`);
  process.exit(EX_USAGE);
}

/** Whether what the lock file names was installed since it was written. */
function isInstalled() {
  const installed = at('node_modules/.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(at('package-lock.json')).mtimeMs;
}

/** @param {readonly string[]} args */
function npm(args) {
  execFileSync('npm', [...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}
