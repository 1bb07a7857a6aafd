/** The variables of a process, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable, as it is read. */
export interface Setting {
  readonly name: string;
  /** The default; empty where there is none. */
  readonly otherwise: string;
  /** What it takes; empty for any text. */
  readonly expected: string;
}

/** Reads variables by their expected form, and notes what does not fit. An empty one counts as not set. */
export class VariableReader {
  constructor(
    private readonly environment: Environment,
    private readonly problems: string[],
    private readonly onRead: (setting: Setting) => void = () => undefined,
  ) {}

  text(name: string, otherwise: string, pattern: RegExp, expected: string): string {
    this.onRead({ name, otherwise, expected });
    const value = this.environment[name] || otherwise;
    if (pattern.test(value)) return value;
    this.problems.push(`${name}=${redacted(value)}: expected ${expected}`);
    return otherwise;
  }

  optional(name: string): string | undefined {
    this.onRead({ name, otherwise: '', expected: '' });
    return this.environment[name] || undefined;
  }

  refuse(problem: string): void {
    this.problems.push(problem);
  }

  choice<T extends string>(name: string, otherwise: T, choices: readonly T[]): T {
    const expected = `one of ${choices.join(', ')}`;
    this.onRead({ name, otherwise, expected });
    const value = this.environment[name] || otherwise;
    const choice = choices.find((each) => each === value);
    if (choice === undefined) this.problems.push(`${name}=${value}: expected ${expected}`);
    return choice ?? otherwise;
  }

  integer(name: string, otherwise: number, min: number, max: number): number {
    const expected = `a whole number from ${min} to ${max}`;
    this.onRead({ name, otherwise: String(otherwise), expected });
    const text = this.environment[name] || String(otherwise);
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    this.problems.push(`${name}=${text}: expected ${expected}`);
    return otherwise;
  }
}

/** A database URL may hold a password. */
function redacted(value: string): string {
  return value.replace(/:[^:@/]*@/, ':***@');
}
