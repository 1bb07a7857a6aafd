import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const FOLDER = new URL('../../docs/decisions/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
const pages = readdirSync(FOLDER)
  .filter((name) => name !== 'README.md')
  .sort();
const SECTIONS = ['Context', 'Decision', 'Consequences', 'What would change it'];

describe('docs/decisions', () => {
  it('are numbered without a gap, and later ones are not older', () => {
    expect(pages.map((name) => Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1]))).toEqual(pages.map((_, i) => i + 1));
    const dates = pages.map((name) => /^Date: (\d{4}-\d\d-\d\d)$/m.exec(read(name))?.[1]);
    expect(dates).toEqual([...dates].sort());
    expect(dates).not.toContain(undefined);
  });

  it.each(pages)('says what, why and until when: %s', (name) => {
    const sections = read(name).split(/^## /m).slice(1);
    expect(sections.map((section) => section.split('\n')[0])).toEqual(SECTIONS);
    expect(sections.filter((section) => section.split('\n').slice(1).join('').trim() === '')).toEqual([]);
  });

  it('are listed with their number, date and title', () => {
    const rows = pages.map((name) => {
      const [, number, title] = /^# (\d+)\. (.*)$/m.exec(read(name)) ?? [];
      const [, date] = /^Date: (.*)$/m.exec(read(name)) ?? [];
      return `| [${number}](${name}) | ${date} | ${title} |`;
    });
    expect(
      read('README.md')
        .split('\n')
        .filter((line) => line.startsWith('| [')),
    ).toEqual(rows);
  });
});
