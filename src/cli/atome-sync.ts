#!/usr/bin/env node
import type { Command } from './command.js';
import { VERSION } from '../version.js';

/* The program. A command is loaded when it is asked for: the server is one file, and starts without the others. */

const COMMANDS: Readonly<Record<string, string>> = {
  serve: 'runs the server; also without a command',
  migrate: 'brings the tables of the database up to date, and nothing else',
  doctor: 'looks for what is wrong with the configuration, the database and the machine',
  verify: 'walks the hash chain of every ledger',
  scrub: 'rewrites the tables, so that nothing of what was erased is left in their files',
  compact: 'moves the oldest alterations into archives',
  consumers: 'lists durable consumers, and ends one that nobody runs',
  backup: 'copies the database while the server runs, and verifies the copy',
  restore: 'puts a copy in the place of the database',
  export: 'writes every ledger as lines of JSON, with history and hashes',
  import: 'takes in what export has written, also into another kind of database',
  tail: 'follows the changes of a running server',
  list: 'lists atomes of a running server',
  get: 'shows one of them, now or as it was',
  history: 'shows what has been done to it',
  create: 'creates one',
  alter: 'alters one',
  delete: 'deletes one',
  'restore-atome': 'brings one back to a version that it had',
  'bench-lite': 'measures writes and deliveries of a running server',
  chaos: 'stands between clients and a server as a bad network',
  token: 'prints a token for development',
  types: 'prints the types of the kinds of a server, for TypeScript',
};

const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
const HELP = `atome-sync: a real-time sync server for shared objects.

Usage: atome-sync [command] [flags]

${Object.entries(COMMANDS)
  .map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)
  .join('\n')}

  --help, -h     this; after a command, what that takes and what it ends with
  --version, -v  the version

Exit code 0: done; 1: not done, or something is wrong; 2: the call is not understood; 78: a setting cannot be used.
`;

const [, , first = 'serve', ...rest] = process.argv;
if (['--version', '-v'].includes(first)) process.stdout.write(`${VERSION}\n`);
else if (['--help', '-h', 'help'].includes(first)) process.stdout.write(HELP);
else if (first === 'serve' || first.startsWith('-')) {
  // the server reads its own arguments, where Node has those of a program
  if (first === 'serve') process.argv.splice(2, 1);
  await import(new URL('../main.js', import.meta.url).href);
} else if (Object.hasOwn(COMMANDS, first)) {
  const { runCommand } = await import('./command.js');
  const module = (await import(new URL(`./${first}.js`, import.meta.url).href)) as { readonly default: Command };
  await runCommand(module.default, rest);
} else {
  const { EX_USAGE, nearest } = await import('../config/command-line.js');
  const near = nearest(first, Object.keys(COMMANDS));
  process.stderr.write(`atome-sync has no command "${first}"${near ? `; did you mean ${near}?` : ''}\n\n${HELP}`);
  process.exitCode = EX_USAGE;
}
