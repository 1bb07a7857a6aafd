import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A class that has more hides a second owner of state. */
const MOST = 8;

/** Rows and requests: their fields are columns, and parameters of a query. */
const DATA = /\.(entity|dto)\.ts$/;

/** Those that have more: how many, and why. */
const EXCEPTIONS: Record<string, readonly [fields: number, why: string]> = {
  ResolvedOptions: [28, 'data: the options, each under its name'],
  Entry: [20, 'data: one alteration as readers are told it'],
  Batch: [11, 'data: entries, and what has been made of them, which lives as long'],
  LedgerTail: [10, 'to be parted: the head of a ledger, what is in memory of it, and who is told'],
  Session: [10, 'a facade: it puts the parts of one connection together'],
  OnlineSession: [
    10,
    'a facade: it puts together what the client without a replica is made of, and is what its connection asks',
  ],
};

type Counted = readonly [name: string, fields: number];

/** How many fields each class has of its own: those that it declares, and the parameters of its constructor that are fields. */
function fieldsIn(path: string, text: string): Counted[] {
  const found: Counted[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isClassLike(node)) found.push([node.name?.text ?? path, node.members.flatMap(fieldsOf).length]);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}

function fieldsOf(member: ts.ClassElement): readonly ts.Node[] {
  if (ts.isConstructorDeclaration(member)) {
    return member.parameters.filter((parameter) => ts.isParameterPropertyDeclaration(parameter, member));
  }
  const isStatic = (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static) !== 0;
  return ts.isPropertyDeclaration(member) && !isStatic ? [member] : [];
}

function classesIn(...folders: readonly string[]): Counted[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
    )
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts') && !DATA.test(path))
    .flatMap((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      return text.includes('class ') ? fieldsIn(path, text) : [];
    });
}

describe('the fields of a class', () => {
  it('are those that it declares and those that its constructor takes, without static ones', () => {
    const planted = `
      class One { a = 1; static b = 2; readonly #c = 3; declare d: number; get e() { return 4; } f() {} g = () => 5; }
      class Two extends One { constructor(private h: number, readonly i: number, j: number) { super(); } }
      const three = class { k = class Four { l = 6; }; };`;
    expect(fieldsIn('planted.ts', planted)).toEqual([
      ['One', 4],
      ['Two', 2],
      ['planted.ts', 1],
      ['Four', 1],
    ]);
  });

  it('are few, but where it is said why not', () => {
    const classes = classesIn('src', 'client/src');
    expect(classes.length).toBeGreaterThan(200);
    const larger = classes.filter(([, fields]) => fields > MOST).sort();
    const known = Object.entries(EXCEPTIONS).map(([name, [fields]]): Counted => [name, fields]);
    // those that have become smaller, too: an exception that is none is to go
    expect(larger).toEqual(known.sort());
  });
});
