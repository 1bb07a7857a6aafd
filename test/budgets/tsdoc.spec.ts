import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * A program of one file and what it imports by a relative path. What packages declare is left out: it is theirs, and
 * reading it takes most of the time.
 */
function programOf(file: string): ts.Program {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noLib: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (literals, containing) =>
    literals.map(({ text }) =>
      text.startsWith('.') ? ts.resolveModuleName(text, containing, options, host) : { resolvedModule: undefined },
    );
  return ts.createProgram([file], options, host);
}

const isHidden = (declaration: ts.Declaration): boolean =>
  (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;

/** What a class shows to its user, the static members too. */
function shownBy({ members }: ts.ClassDeclaration, checker: ts.TypeChecker): ts.Symbol[] {
  const names = members.filter((member) => !isHidden(member)).map(({ name }) => name);
  return names
    .filter((name) => name !== undefined && !ts.isPrivateIdentifier(name))
    .map((name) => checker.getSymbolAtLocation(name))
    .filter((symbol) => symbol !== undefined);
}

/** What a symbol has inside: of a class what it shows; of an interface or a type of an object its own and what it takes over. */
function membersOf(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol[] {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined) return [];
  if (ts.isClassDeclaration(declaration)) return shownBy(declaration, checker);
  const isObject = ts.isTypeAliasDeclaration(declaration)
    ? ts.isTypeLiteralNode(declaration.type) || ts.isIntersectionTypeNode(declaration.type)
    : ts.isInterfaceDeclaration(declaration);
  return isObject ? checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)) : [];
}

/** The exported names of a file, and their members, that have no TSDoc. Which of a union it is needs none. */
function undocumented(file: string): string[] {
  const program = programOf(file);
  const checker = program.getTypeChecker();
  const isSilent = (symbol: ts.Symbol): boolean => symbol.getDocumentationComment(checker).length === 0;
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const members = membersOf(symbol, checker).filter((member) => isSilent(member) && !tells(member));
    return [...(isSilent(symbol) ? [exported.name] : []), ...members.map(({ name }) => `${exported.name}.${name}`)];
  });
}

/** Whether a member only tells the types of a union apart, such as `type: 'atome:created'`. */
function tells({ declarations = [] }: ts.Symbol): boolean {
  return declarations.every((each) => ts.isPropertySignature(each) && each.type && ts.isLiteralTypeNode(each.type));
}

/** The names that a file exports, types too. */
function exportsOf(file: string): string[] {
  const program = programOf(file);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  return checker
    .getExportsOfModule(module)
    .map(({ name }) => name)
    .sort();
}

/** The entries of the package of the client. */
const CLIENT = [
  ['the client', 'client/src/index.ts'],
  ['the client on SQLite', 'client/src/sqlite.ts'],
  ['the client of two servers', 'client/src/dual.ts'],
  ['the client in React', 'client/src/react.ts'],
  ['the state of a query', 'client/src/query-state.ts'],
  ['the conditions of a query', 'client/src/where.ts'],
  ['undo', 'client/src/undo.ts'],
  ['validation', 'client/src/validate.ts'],
  ['the client at a server', 'client/src/server.ts'],
  ['the WebSocket of Node', 'client/src/connection/package-web-socket.ts'],
] as const;

describe('what the packages export', () => {
  it.each([['the server', 'src/index.ts'], ...CLIENT])(
    'has TSDoc, each name and each member: %s',
    (_package, entry) => {
      expect(undocumented(`${ROOT}${entry}`)).toEqual([]);
    },
  );

  it('changes only together with this list, of the client', () => {
    expect(Object.fromEntries(CLIENT.map(([, entry]) => [entry, exportsOf(`${ROOT}${entry}`)]))).toMatchSnapshot();
  });
});
