import { EX_USAGE, helpOf, readCall, UsageError, type Call, type Flags, type Usage } from '../config/command-line.js';
import { readDatabaseConfig, type DatabaseConfig } from '../config/database-environment.js';
import { ConfigError, EX_CONFIG, readConfig, type Config } from '../config/environment.js';
import { processEnvironment } from '../config/process-environment.js';
import type { Environment } from '../config/variable-reader.js';
import { OpenError } from '../database/open-error.js';

/** What a command has while it runs. */
export interface Run<F extends Flags> extends Omit<Call<F>, 'isHelp'> {
  /** @throws ConfigError */
  readonly config: () => Config;
  /** What the settings say of the database, whatever the others are. @throws ConfigError */
  readonly database: () => DatabaseConfig;
  /** Prints a result: as JSON where that is wanted, else as text. */
  readonly print: (result: object, text: string) => void;
  /** Says how far it is, where somebody is watching; without a text it has come to its end. */
  readonly progress: (text?: string) => void;
}

/** A command of `atome-sync`. */
export interface Command<F extends Flags = Flags> extends Usage<F> {
  /** Goes on until somebody ends it. */
  readonly isEndless?: boolean;
  /** Resolves with the exit code. @throws UsageError, ConfigError, OpenError or Failure, which are said in their sentence alone. */
  run(call: Run<F>): Promise<number>;
}

/** The command cannot do what was asked for: said in one sentence, with exit code 1. */
export class Failure extends Error {}

/** A command, with the types of what its flags give. */
export function command<const F extends Flags>(given: Command<F>): Command<F> {
  return given;
}

/** Runs a command with what is behind its name, and sets the exit code. */
export async function runCommand<F extends Flags>(given: Command<F>, args: readonly string[]): Promise<void> {
  // who reads the output may have had enough of it: what is under way is done all the same, but for what has no end
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (given.isEndless) process.exit(0);
  });
  try {
    const call = readCall(given, args);
    if (call.isHelp) process.stdout.write(helpOf(given));
    else process.exitCode = await given.run(runOf(call));
  } catch (error) {
    process.stderr.write(`${sentenceOf(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`\n${helpOf(given)}`);
    process.exitCode = error instanceof UsageError ? EX_USAGE : error instanceof ConfigError ? EX_CONFIG : 1;
  }
}

function runOf<F extends Flags>(call: Call<F>): Run<F> {
  let shown = 0;
  let environment: Environment | undefined;
  const read = (): Environment =>
    (environment ??= processEnvironment(call.settings, (line) => process.stderr.write(`${line}\n`)));
  return {
    ...call,
    config: () => readConfig(read()),
    database: () => readDatabaseConfig(read()),
    print: (result, text) => void process.stdout.write(`${call.isJson ? JSON.stringify(result) : text}\n`),
    progress: (text) => {
      if (!process.stderr.isTTY) return;
      process.stderr.write(text === undefined ? (shown > 0 ? '\n' : '') : `\r${text.padEnd(shown)}`);
      shown = text?.length ?? 0;
    },
  };
}

/** Where in the program something failed helps only when nobody foresaw it. */
function sentenceOf(error: unknown): string {
  const isForeseen = [UsageError, ConfigError, OpenError, Failure].some((kind) => error instanceof kind);
  if (!(error instanceof Error)) return String(error);
  return isForeseen ? error.message : (error.stack ?? error.message);
}
