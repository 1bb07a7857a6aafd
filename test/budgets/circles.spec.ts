import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Which files each file imports, by any way there is to import: also for types alone. */
type Imports = ReadonlyMap<string, readonly string[]>;

function importsOf(texts: ReadonlyMap<string, string>): Imports {
  const imports = new Map<string, string[]>();
  for (const [path, text] of texts) {
    const { importedFiles } = ts.preProcessFile(text, true, true);
    const named = importedFiles.map(({ fileName }) => join(dirname(path), fileName).replace(/\.js$/, '.ts'));
    imports.set(
      path,
      [...new Set(named)].filter((target) => texts.has(target)),
    );
  }
  return imports;
}

/** Files that lead back to themselves: the strongly connected components of more than one file (Tarjan, 1972). */
function circlesIn(imports: Imports): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];

  function visit(file: string): void {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    stack.push(file);
    for (const target of imports.get(file) ?? []) {
      if (!order.has(target)) visit(target);
      // one that is no longer on the stack belongs to a component that is complete
      if (stack.includes(target)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(target)!));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const component = stack.splice(stack.indexOf(file));
    if (component.length > 1 || imports.get(file)?.includes(file)) circles.push(component.sort());
  }

  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return circles;
}

function sourcesIn(...folders: readonly string[]): Map<string, string> {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  );
  const sources = paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'));
  return new Map(sources.map((path) => [relative(ROOT, join(ROOT, path)), readFileSync(join(ROOT, path), 'utf8')]));
}

describe('circles of files', () => {
  it('are found also where only types are imported, directly or through others', () => {
    const planted = new Map([
      ['a.ts', `import type { B } from './b.js'; import './alone.js';`],
      ['b.ts', `export { type C } from './c.js';`],
      ['c.ts', `type A = import('./a.js').A; import './alone.js';`],
      ['alone.ts', `import 'node:fs';`],
      ['itself.ts', `import type { Itself } from './itself.js';`],
    ]);
    expect(circlesIn(importsOf(planted))).toEqual([['a.ts', 'b.ts', 'c.ts'], ['itself.ts']]);
  });

  it('are not in the server, nor in the client', () => {
    const sources = sourcesIn('src', 'client/src');
    expect(sources.size).toBeGreaterThan(100);
    expect(circlesIn(importsOf(sources))).toEqual([]);
  });
});
