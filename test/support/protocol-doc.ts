import { readFileSync } from 'node:fs';

const TEXT = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

/** The fenced blocks of `docs/protocol.md` in one language, in order. */
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
  const start = lines.findIndex((line) => line.startsWith(`| ${head.join(' | ')} |`));
  if (start < 0) throw new Error(`there is no table ${head.join(' | ')}`);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}
