import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { dump } from 'js-yaml';

const RULES = fileURLToPath(new URL('../../deploy/alerts.yaml', import.meta.url));
/** How far apart two looks are on the clock of the rules, in seconds, and how many of them there are of each half. */
const STEP_S = 15;
const STEPS = 80;
/** What alerts ask for. */
const OF_ALERTS = /^(atome_sync_|nodejs_eventloop_lag_p99)/;
/** What a machine that has other work to do fires by itself. */
const OF_THE_MACHINE = ['AtomeSyncEventLoop', 'AtomeSyncSlowCommits'];

/** promtool comes with Prometheus: where it is not installed, no rule can be tried. */
export const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** What promtool says against it; empty: nothing. */
export function promtool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return status === 0 ? '' : stdout + stderr;
}

/** What a server tells of itself: each of its series with its value, and which of them only grow. */
export class Look {
  private readonly values = new Map<string, number>();
  private readonly growing = new Set<string>();

  constructor(text: string) {
    let isGrowing = false;
    for (const line of text.split('\n')) {
      const [, type] = /^# TYPE \S+ (\w+)/.exec(line) ?? [];
      if (type !== undefined) isGrowing = type !== 'gauge';
      const [, series, value] = /^([a-z0-9_]+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      if (series === undefined || !OF_ALERTS.test(series) || !Number.isFinite(Number(value))) continue;
      this.values.set(series, Number(value));
      if (isGrowing) this.growing.add(series);
    }
  }

  get series(): Iterable<string> {
    return this.values.keys();
  }

  /** 0 where there is none of that name. */
  value(series: string): number {
    return this.values.get(series) ?? 0;
  }

  /** By how much it has grown since another look; 0 for what goes up and down. */
  growth(series: string, since: Look): number {
    return this.growing.has(series) ? this.value(series) - since.value(series) : 0;
  }
}

/** Three looks at one server: before and after it did some work, and after a fault. */
export type Looks = readonly [begun: Look, well: Look, ill: Look];

/**
 * Holds the alerts to what was seen, with the times stretched: twenty minutes in which every 15 seconds what happened between the first
 * two looks happens again, and twenty minutes of what happened between the last two.
 */
export function expectAlerts(looks: Looks, fired: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'atome-alerts-'));
  try {
    const file = join(folder, 'trial.yaml');
    writeFileSync(file, dump(trialOf(looks, fired)));
    expect({ fired, said: promtool('test', 'rules', file) }).toEqual({ fired, said: '' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function trialOf([begun, well, ill]: Looks, fired: readonly string[]): object {
  const ignored = OF_THE_MACHINE.filter((name) => !fired.includes(name)).join('|');
  const expr = `max by (alertname) (ALERTS{alertstate="firing",alertname!~"${ignored}"})`;
  const asked = (steps: number, names: readonly string[]): object => ({
    expr,
    eval_time: `${steps * STEP_S}s`,
    exp_samples: names.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
  });
  return {
    rule_files: [RULES],
    evaluation_interval: `${STEP_S}s`,
    tests: [
      {
        interval: `${STEP_S}s`,
        input_series: [...ill.series].map((series) => ({ series, values: valuesOf(series, begun, well, ill) })),
        promql_expr_test: [asked(STEPS - 1, []), asked(2 * STEPS - 1, fired)],
      },
    ],
  };
}

/** In promtool's notation: so many steps from a value on, by so much each. */
function valuesOf(series: string, begun: Look, well: Look, ill: Look): string {
  const [before, during] = [well.growth(series, begun), ill.growth(series, well)];
  const first = well.value(series);
  const second = during > 0 || before > 0 ? first + before * (STEPS - 1) + during : ill.value(series);
  const part = (from: number, by: number): string => `${from}+${by}x${STEPS - 1}`;
  return `${part(first, before)} ${part(second, during)}`;
}
