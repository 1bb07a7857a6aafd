import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `Measures atome-sync beside its peers, on this machine, in one run.

Usage: npm run bench [-- [workload …] [options]]

  --list              what workloads there are
  --quick             short: one repetition, small sizes; for a look, not for a verdict
  --case <text>       only cases whose name has this in it
  --only <text>       only contestants whose name has this in it
  --repetitions <n>   how often each contestant is measured (default 3, at least 3 for a verdict)
  --seconds <n>       how long each measurement takes (default 5)
  --compare <file>    compare with earlier results, such as bench/results/last.json; exit code 1 when something is
                      more than 15 % worse, beyond its spread
  --help

Results: bench/results/last.json (quick ones: quick.json) and *.svg; \`node bench/report.js\` puts them into
docs/performance.md. PostgreSQL is started by the bench, or is that of BENCH_POSTGRES_URL (whose server may create
databases). BENCH_CPU_PROF=<folder> leaves CPU profiles of our server there.
`;

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** Exit code for a call that is not understood. */
const EX_USAGE = 2;

const { values, positionals } = readArguments();
if (values.help) {
  process.stdout.write(HELP);
} else {
  // on its first use
  if (!existsSync(at('node_modules'))) npm('ci');
  if (!values.list && !process.env.BENCH_NO_BUILD) {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: at('..'), stdio: ['ignore', 'ignore', 'inherit'] });
  }
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
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(EX_USAGE);
  }
}

/** @param {string} command */
function npm(command) {
  execFileSync('npm', ['--prefix', at('.'), command, '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
