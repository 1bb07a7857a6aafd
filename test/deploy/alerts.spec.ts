import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { hasPromtool, promtool } from '../support/alert-trial.js';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(at(path), 'utf8');
const names = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1]!);

const alerts = names(read('deploy/alerts.yaml'), /- alert: (\w+)/g);

describe('the alerts', () => {
  it('have a section each in the runbook, and it has no others', () => {
    expect(names(read('docs/runbook.md'), /^## (\w+)$/gm)).toEqual(alerts);
  });

  it('are each tried by what fires it, and by a server that is well', () => {
    const tried = names(read('deploy/alerts.test.yaml'), /alertname: (\w+)/g);
    for (const alert of alerts) expect([alert, tried.filter((each) => each === alert).length]).toEqual([alert, 2]);
  });

  (hasPromtool ? it : it.skip)('fire when they should, and not otherwise', () => {
    expect(promtool('check', 'rules', at('deploy/alerts.yaml'))).toBe('');
    expect(promtool('test', 'rules', at('deploy/alerts.test.yaml'))).toBe('');
  });
});
