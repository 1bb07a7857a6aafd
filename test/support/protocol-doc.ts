import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../docs/protocol/', import.meta.url);
const OVERVIEW = readFileSync(new URL('README.md', FOLDER), 'utf8');

/** The pages of `docs/protocol`, in the order in which the overview names them. */
const PAGES = [...OVERVIEW.matchAll(/^\| \[.*?\]\(([a-z-]+\.md)\) \|/gm)].map((match) => match[1]!);
const unnamed = readdirSync(FOLDER).filter((name) => name !== 'README.md' && !PAGES.includes(name));
if (unnamed.length > 0) throw new Error(`docs/protocol/README.md does not name ${unnamed.join(', ')}`);

const TEXT = [OVERVIEW, ...PAGES.map((name) => readFileSync(new URL(name, FOLDER), 'utf8'))].join('\n');

/** The fenced blocks of `docs/protocol` in one language, in order. */
export function blocks(language: string): string[] {
  return [...TEXT.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1]!);
}

/** The examples in JSON: blocks of one value, or of one a line. */
export function examples(): Record<string, unknown>[] {
  return blocks('json').flatMap((block) => {
    const texts = block.startsWith('{\n') ? [block] : block.trim().split('\n');
    return texts.map((text) => JSON.parse(text) as Record<string, unknown>);
  });
}

/** The cells of the table whose head begins with these words, without the marks of code. */
export function table(...head: string[]): string[][] {
  const lines = TEXT.split('\n');
  const starts = lines.flatMap((line, index) => (line.startsWith(`| ${head.join(' | ')} |`) ? [index] : []));
  if (starts.length !== 1) throw new Error(`there are ${starts.length} tables ${head.join(' | ')}, not one`);
  const rows = lines.slice(starts[0]! + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}
