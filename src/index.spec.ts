import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const SOURCE = readFileSync(new URL('index.ts', import.meta.url), 'utf8');

/** Every name that the package exports, `type` before those that are types alone; `*` for what would export all of a file. */
function exportedNames(text: string): string[] {
  const { statements } = ts.createSourceFile('index.ts', text, ts.ScriptTarget.Latest);
  return statements.filter(ts.isExportDeclaration).flatMap(({ exportClause, isTypeOnly }) => {
    if (!exportClause || !ts.isNamedExports(exportClause)) return ['*'];
    return exportClause.elements.map((each) => `${isTypeOnly || each.isTypeOnly ? 'type ' : ''}${each.name.text}`);
  });
}

describe('the public face of the package', () => {
  it('names what it exports, one by one', () => {
    expect(exportedNames(`export * from './a.js'; export { a, type B } from './b.js';`)).toEqual(['*', 'a', 'type B']);
    expect(exportedNames(SOURCE)).not.toContain('*');
  });

  it('changes only together with this list', () => {
    expect(exportedNames(SOURCE).sort()).toMatchSnapshot();
  });

  it('has everything that it names', async () => {
    const values = exportedNames(SOURCE).filter((name) => !name.startsWith('type '));
    const module = (await import('./index.js')) as Record<string, unknown>;
    expect(Object.keys(module).sort()).toEqual(values.sort());
  });
});
