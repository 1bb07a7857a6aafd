import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const ROOT = new URL('../../', import.meta.url);
const PAGE = readFileSync(new URL('docs/architecture.md', ROOT), 'utf8');
const PATHS = [...new Set([...PAGE.matchAll(/`((?:src|client|test|docs)\/[\w./-]+)`/g)].map(([, path]) => path!))];

describe('docs/architecture.md', () => {
  it.each(PATHS)('names %s, which is there', (path) => {
    expect(existsSync(new URL(path, ROOT))).toBe(true);
  });

  it('names each room of the lint rule, in its order', () => {
    const rule = readFileSync(new URL('eslint.config.js', ROOT), 'utf8');
    const rows = /const ROWS = \[(.*?)\]/s.exec(rule)![1]!.match(/'[^']+'/g)!;
    const line = rows.map((row) => row.slice(1, -1).split(' ').join(', ')).join(' → ');
    const said = /`(app, cli →[^`]*)`/.exec(PAGE)![1]!.replace(/\s+/g, ' ');
    expect(said).toBe(line);
  });
});
