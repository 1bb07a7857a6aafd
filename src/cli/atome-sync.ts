#!/usr/bin/env node
import { VERSION } from '../version.js';

const HELP = `atome-sync: a real-time sync server for shared objects.

Usage: atome-sync [command] [options]

  serve    runs the server (also without a command); configuration is by environment
  token    prints a token for development
  verify   walks the hash chain of every ledger
  scrub    takes what was erased out of files and backlogs of the database
  types    prints the types of the kinds of a server, for TypeScript

  --help, -h      this; after a command, what that takes
  --version, -v   the version
`;

const COMMANDS = {
  serve: '../main.js',
  token: './token.js',
  verify: './verify.js',
  scrub: './scrub.js',
  types: './types.js',
} as const;

/** Exit code for a call that is not understood. */
const EX_USAGE = 2;

const [, , first = 'serve'] = process.argv;
if (Object.hasOwn(COMMANDS, first)) {
  // commands read their own arguments where Node has those of a program
  process.argv.splice(2, 1);
  await import(new URL(COMMANDS[first as keyof typeof COMMANDS], import.meta.url).href);
} else if (['--version', '-v'].includes(first)) {
  process.stdout.write(`${VERSION}\n`);
} else if (['--help', '-h'].includes(first)) {
  process.stdout.write(HELP);
} else {
  process.stderr.write(`atome-sync has no command "${first}"\n\n${HELP}`);
  process.exitCode = EX_USAGE;
}
