import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const ROOT = new URL('../../', import.meta.url);
const PAGE = readFileSync(new URL('docs/architecture.md', ROOT), 'utf8');
const PATHS = [
  ...new Set([...PAGE.matchAll(/`((?:src|client|test|docs|bench|examples)\/[\w./-]+)`/g)].map(([, path]) => path!)),
];
/** Of each change its name, and where it begins. */
const CHANGES = [...PAGE.matchAll(/^- \*\*(.+?)\*\*: begin at ((?:.|\n {2}(?! *- ))*)/gm)].map(([, change, begin]) => [
  change!,
  begin!,
]);

/** The rows of the table under a heading. */
function rowsUnder(heading: string): string[][] {
  const [, section = ''] = PAGE.split(`## ${heading}\n`);
  const lines = section.split('\n## ')[0]!.split('\n');
  const rows = lines.filter((line) => line.startsWith('| ')).slice(1);
  return rows.map((row) => row.slice(2, -2).split(' | '));
}

describe('docs/architecture.md', () => {
  it.each([
    ['The walk of a write', 15],
    ['The walk of an event', 8],
  ])('says of each stage of %s what it takes and what it does, and names no file twice', (heading, atLeast) => {
    const stages = rowsUnder(heading);
    expect(stages.length).toBeGreaterThanOrEqual(atLeast);
    expect(stages.filter((cells) => cells.length !== 4 || cells.some((cell) => cell.trim() === ''))).toEqual([]);
    const files = stages.map(([, file]) => file);
    expect(new Set(files).size).toBe(files.length);
  });

  it.each(CHANGES)('says where %s begins: %s', (_change, begin) => {
    expect(begin).toMatch(/`(?:src|client|test)\//);
  });

  it('says it of all of them', () => {
    expect(CHANGES.length).toBeGreaterThanOrEqual(19);
  });

  it.each(PATHS)('names %s, which is there', (path) => {
    expect(existsSync(new URL(path, ROOT))).toBe(true);
  });

  it('says what is in each room', () => {
    const rooms = readdirSync(new URL('src/', ROOT), { withFileTypes: true }).filter((each) => each.isDirectory());
    const listed = rowsUnder('Rooms, and what may import what').map(([room = '']) => room.replaceAll('`', ''));
    expect(listed.sort()).toEqual(
      rooms
        .map(({ name }) => name)
        .filter((name) => name !== '__snapshots__')
        .sort(),
    );
  });

  it('names each room of the lint rule, in its order', () => {
    const rule = readFileSync(new URL('eslint.config.js', ROOT), 'utf8');
    const rows = /const ROWS = \[(.*?)\]/s.exec(rule)![1]!.match(/'[^']+'/g)!;
    const line = rows.map((row) => row.slice(1, -1).split(' ').join(', ')).join(' → ');
    const said = /`(app, cli →[^`]*)`/.exec(PAGE)![1]!.replace(/\s+/g, ' ');
    expect(said).toBe(line);
  });
});
