import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const FILES = ['store', 'bases'];
/** What one reads in a minute. */
const MOST = 7;

/** The methods of each part of a tenant's ledger. */
function parts(): [name: string, methods: string[]][] {
  return FILES.flatMap((name) => {
    const text = readFileSync(new URL(`../../src/ledger/${name}.ts`, import.meta.url), 'utf8');
    const { statements } = ts.createSourceFile(name, text, ts.ScriptTarget.Latest);
    return statements
      .filter((statement) => ts.isInterfaceDeclaration(statement))
      .filter(({ name: { text: of } }) => /^Ledger(?!Store)/.test(of))
      .map(({ name: { text: of }, members }): [string, string[]] => [
        of,
        members.filter((member) => ts.isMethodSignature(member)).map((member) => (member.name as ts.Identifier).text),
      ]);
  });
}

describe('the port of the stores', () => {
  it('has parts of at most seven methods', () => {
    const found = parts();
    expect(found.map(([name]) => name).sort()).toEqual([
      ...['LedgerAlterations', 'LedgerAtomes', 'LedgerAudit', 'LedgerBases', 'LedgerQueries', 'LedgerWrites'],
    ]);
    expect(found.filter(([, methods]) => methods.length > MOST)).toEqual([]);
  });
});
