import { parseArgs } from 'node:util';
import { settings } from './settings.js';

/** A flag of a command. */
export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly default?: string;
  readonly multiple?: true;
  /** What it takes, as the help shows it. */
  readonly takes?: string;
  readonly help: string;
}

export type Flags = Readonly<Record<string, Flag>>;

type ValueOf<F extends Flag> = F extends { type: 'boolean' }
  ? boolean
  : F extends { multiple: true }
    ? readonly string[]
    : F extends { default: string }
      ? string
      : string | undefined;

/** What a command takes, and says of itself. */
export interface Usage<F extends Flags = Flags> {
  /** Behind the name of the program. */
  readonly name: string;
  /** What it does, in a sentence or more. */
  readonly about: string;
  /** Arguments without a flag; all are needed. */
  readonly takes?: readonly string[];
  readonly flags: F;
  /** The settings that are flags of it too; left out: none. */
  readonly settings?: 'all' | readonly string[];
  /** What it ends with beside 0, 2 and 78. */
  readonly failure: string;
}

/** A call of a command, checked. */
export interface Call<F extends Flags = Flags> {
  readonly values: { readonly [K in keyof F]: ValueOf<F[K]> };
  readonly takes: readonly string[];
  /** The settings that flags have given, by variable. */
  readonly settings: Readonly<Record<string, string>>;
  readonly isHelp: boolean;
  /** Whether the result is wanted as JSON. */
  readonly isJson: boolean;
}

/** The call is not understood; the message says what of it. */
export class UsageError extends Error {}

/** Exit code for a call that is not understood. */
export const EX_USAGE = 2;

const HELP: Flag = { type: 'boolean', short: 'h', help: 'this' };
const JSON_FLAG: Flag = { type: 'boolean', help: 'the result as JSON, one object a line' };

/** The flag of a variable: `DATABASE_URL` is `--database-url`. */
function flagOf(variable: string): string {
  return variable.toLowerCase().replaceAll('_', '-');
}

function settingsOf(usage: Usage): { name: string; flag: string; shown: string }[] {
  const wanted = usage.settings;
  if (wanted === undefined) return [];
  return settings()
    .filter(({ name }) => wanted === 'all' || wanted.includes(name))
    .map(({ name, otherwise, expected }) => {
      const shown = [expected, otherwise !== '' && `default ${otherwise}`].filter((each) => each).join('; ');
      return { name, flag: flagOf(name), shown };
    });
}

function allFlags(usage: Usage): Flags {
  const given = settingsOf(usage).map(({ flag }) => [flag, { type: 'string', help: '' }]);
  return { ...usage.flags, ...(Object.fromEntries(given) as Flags), json: JSON_FLAG, help: HELP };
}

/** @throws UsageError */
export function readCall<F extends Flags>(usage: Usage<F>, args: readonly string[]): Call<F> {
  const flags = allFlags(usage);
  const { values, positionals } = parse(usage, flags, args);
  const isHelp = values.help === true;
  const expected = usage.takes ?? [];
  if (!isHelp && positionals.length > expected.length) {
    throw new UsageError(`"${positionals[expected.length]}" is not understood: ${usage.name} takes no such argument`);
  }
  if (!isHelp && positionals.length < expected.length) {
    throw new UsageError(`${expected[positionals.length]} is missing`);
  }
  const given = settingsOf(usage).map(({ name, flag }) => [name, values[flag]]);
  return {
    values: values as Call<F>['values'],
    takes: positionals,
    settings: Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Record<string, string>,
    isHelp,
    isJson: values.json === true,
  };
}

function parse(usage: Usage, flags: Flags, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, short, multiple, default: otherwise }]) => {
      const value = type === 'boolean' ? false : multiple ? [] : otherwise;
      return [
        name,
        {
          type,
          ...(short && { short }),
          ...(multiple && { multiple }),
          ...(value !== undefined && { default: value }),
        },
      ];
    }),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const unknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /'(-[^']*)'/.exec(message)?.[1] : undefined;
    if (unknown === undefined) throw new UsageError(message.split('\n')[0], { cause: error });
    const near = nearest(unknown.replace(/^-+/, ''), Object.keys(flags));
    throw new UsageError(`${usage.name} has no flag ${unknown}${near ? `; did you mean --${near}?` : ''}`, {
      cause: error,
    });
  }
}

/** Of some words the one that was probably meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((each) => ({ each, steps: distance(word, each) })).sort((a, b) => a.steps - b.steps);
  const [best] = ranked;
  return best && best.steps <= Math.max(2, Math.floor(best.each.length / 3)) ? best.each : undefined;
}

/** How many characters have to be added, left out or replaced (Levenshtein). */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      line.push(Math.min(replaced, above[column]! + 1, line[column - 1]! + 1));
    }
    above = line;
  }
  return above[b.length]!;
}

/** The help of a command. */
export function helpOf(usage: Usage): string {
  const { name, about, takes = [], flags, failure } = usage;
  const given = settingsOf(usage);
  const own = Object.entries({ ...flags, json: JSON_FLAG, help: HELP }).map(([flag, each]) => {
    const short = each.short === undefined ? '' : `, -${each.short}`;
    const otherwise = each.default === undefined ? '' : ` (default: ${each.default})`;
    return [`--${flag}${short}${each.takes === undefined ? '' : ` ${each.takes}`}`, each.help + otherwise] as const;
  });
  const lines = [
    about,
    '',
    `Usage: ${['atome-sync', name, ...takes, '[flags]'].filter((each) => each !== '').join(' ')}`,
    '',
    ...columns(own),
  ];
  if (given.length > 0) {
    const advice = 'Settings, each also a variable of the environment and of a file .env: --port is PORT.';
    const secrets = 'What is secret belongs there: other users of this machine can see flags.';
    lines.push('', `${advice} ${secrets}`, '', ...columns(given.map(({ flag, shown }) => [`--${flag}`, shown])));
  }
  const codes = `Exit code 0: done; 1: ${failure}; 2: the call is not understood; 78: a setting cannot be used.`;
  return `${[...lines, '', codes].join('\n')}\n`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
