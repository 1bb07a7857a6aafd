import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { CloseCode } from './close-codes.js';
import { ERRORS } from './errors.js';
import { PROTOCOL_VERSION } from './version.js';

const SOURCES: readonly (string | readonly string[])[] = [
  'operations',
  'access',
  'access-rules',
  'principal',
  'atome',
  'alteration',
  'errors',
  ['messages/events', 'messages/server-messages', 'messages/client-messages'],
];

/** The types that one file declares, without comments and formatting. */
function declaredTypes(name: string): string {
  const text = readFileSync(new URL(`./${name}.ts`, import.meta.url), 'utf8');
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest);
  const printer = ts.createPrinter({ removeComments: true });
  return source.statements
    .filter((statement) => ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
    .map((statement) => printer.printNode(ts.EmitHint.Unspecified, statement, source))
    .join('\n');
}

/** The types of one file, or of several that are one chapter. */
function typesOf(names: string | readonly string[]): string {
  return [names].flat().map(declaredTypes).join('\n');
}

/*
 * When this fails, what goes over the wire has changed: raise PROTOCOL_VERSION and record the new contract
 * with `npm run jest -- contract -u`. Only a version that nobody has used yet may be recorded again.
 */
describe('the wire contract', () => {
  it('changes only together with its version', () => {
    const codes = JSON.stringify({ ERRORS, CloseCode }, null, 2);
    expect([...SOURCES.map(typesOf), codes].join('\n\n')).toMatchSnapshot(`version ${PROTOCOL_VERSION}`);
  });
});
