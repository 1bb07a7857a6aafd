import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(at(path), 'utf8');
const names = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1]!);

const alerts = names(read('deploy/alerts.yaml'), /- alert: (\w+)/g);
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

describe('the alerts', () => {
  it('have a section each in the runbook, and it has no others', () => {
    expect(names(read('docs/runbook.md'), /^## (\w+)$/gm)).toEqual(alerts);
  });

  it('are each tried by what fires it, and by a server that is well', () => {
    const tried = names(read('deploy/alerts.test.yaml'), /alertname: (\w+)/g);
    for (const alert of alerts) expect([alert, tried.filter((each) => each === alert).length]).toEqual([alert, 2]);
  });

  // promtool comes with Prometheus: where it is not installed, nothing is tried
  (hasPromtool ? it : it.skip)('fire when they should, and not otherwise', () => {
    for (const args of [
      ['check', 'rules', at('deploy/alerts.yaml')],
      ['test', 'rules', at('deploy/alerts.test.yaml')],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
      expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
    }
  });
});
