import { invalid } from '../errors.js';
import { isObject, type Issue, type JsonObject } from '../json.js';

type Input = Record<string, unknown>;

/**
 * Takes the fields of one input object one by one, remembers what is wrong with each and which were
 * asked for, and at the end refuses what nobody asked for. All problems are reported together.
 */
export class Fields {
  readonly issues: Issue[] = [];
  private readonly input: Input;
  private readonly known = new Set<string>();

  constructor(
    input: unknown,
    private readonly prefix = '',
  ) {
    this.input = isObject(input) ? input : {};
    if (!isObject(input)) this.issues.push({ path: prefix, message: 'must be a JSON object' });
  }

  has(name: string): boolean {
    this.known.add(name);
    return this.input[name] !== undefined;
  }

  raw(name: string): unknown {
    this.known.add(name);
    return Object.hasOwn(this.input, name) ? this.input[name] : undefined;
  }

  fail(name: string, message: string): void {
    this.issues.push({ path: [this.prefix, name].filter(Boolean).join('.'), message });
  }

  /** Text that matches a pattern; `expected` finishes the sentence "must be …". */
  text(name: string, pattern: RegExp, expected: string): string {
    const value = this.raw(name);
    if (typeof value === 'string' && pattern.test(value)) return value;
    this.fail(name, value === undefined ? `is required: ${expected}` : `must be ${expected}`);
    return '';
  }

  textOr<T>(name: string, pattern: RegExp, expected: string, otherwise: T): string | T {
    return this.has(name) ? this.text(name, pattern, expected) : otherwise;
  }

  /** As {@link textOr}, with null allowed as a value. */
  textOrNull(name: string, pattern: RegExp, expected: string): string | null {
    return this.input[name] === null
      ? (this.raw(name) as null)
      : this.textOr(name, pattern, `${expected}, or null`, null);
  }

  integer(name: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.raw(name);
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
    const bound = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    this.fail(name, `${value === undefined ? 'is required:' : 'must be'} a whole number ${bound}`);
    return min;
  }

  integerOr<T>(name: string, min: number, otherwise: T, max?: number): number | T {
    return this.has(name) ? this.integer(name, min, max) : otherwise;
  }

  boolean(name: string, otherwise: boolean): boolean {
    if (!this.has(name)) return otherwise;
    const value = this.raw(name);
    if (typeof value !== 'boolean') this.fail(name, 'must be true or false');
    return value === true;
  }

  object(name: string): JsonObject {
    const value = this.raw(name);
    if (isObject(value)) return value as JsonObject;
    this.fail(name, value === undefined ? 'is required: a JSON object' : 'must be a JSON object');
    return {};
  }

  objectOr<T>(name: string, otherwise: T): JsonObject | T {
    return this.has(name) ? this.object(name) : otherwise;
  }

  texts(name: string, pattern: RegExp, expected: string): string[] | undefined {
    if (!this.has(name)) return undefined;
    const value = this.raw(name);
    if (
      Array.isArray(value) &&
      value.length <= 1_000 &&
      value.every((item) => typeof item === 'string' && pattern.test(item))
    ) {
      return value as string[];
    }
    this.fail(name, `must be an array of at most 1000 texts, each ${expected}`);
    return undefined;
  }

  /** Fields that are allowed and not looked at. */
  ignore(...names: string[]): this {
    names.forEach((name) => this.known.add(name));
    return this;
  }

  refuseUnknown(): this {
    for (const name of Object.keys(this.input)) {
      if (!this.known.has(name)) this.fail(name, `is not a field here; the fields are ${[...this.known].join(', ')}`);
    }
    return this;
  }

  /** Throws when anything was wrong. */
  check(): this {
    if (this.issues.length > 0) throw invalid(this.issues);
    return this;
  }
}
