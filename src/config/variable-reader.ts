/** The variables of a process, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables by their expected form, and notes what does not fit. An empty one counts as not set. */
export class VariableReader {
  constructor(
    private readonly environment: Environment,
    private readonly problems: string[],
  ) {}

  text(name: string, otherwise: string, pattern: RegExp, expected: string): string {
    const value = this.environment[name] || otherwise;
    if (pattern.test(value)) return value;
    this.problems.push(`${name}=${redacted(value)}: expected ${expected}`);
    return otherwise;
  }

  optional(name: string): string | undefined {
    return this.environment[name] || undefined;
  }

  refuse(problem: string): void {
    this.problems.push(problem);
  }

  choice<T extends string>(name: string, otherwise: T, choices: readonly T[]): T {
    const value = this.environment[name] || otherwise;
    const choice = choices.find((each) => each === value);
    if (choice === undefined) this.problems.push(`${name}=${value}: expected one of ${choices.join(', ')}`);
    return choice ?? otherwise;
  }

  integer(name: string, otherwise: number, min: number, max: number): number {
    const text = this.environment[name] || String(otherwise);
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    this.problems.push(`${name}=${text}: expected a whole number from ${min} to ${max}`);
    return otherwise;
  }
}

/** A database URL may hold a password. */
function redacted(value: string): string {
  return value.replace(/:[^:@/]*@/, ':***@');
}
