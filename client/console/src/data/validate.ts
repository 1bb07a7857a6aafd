import type { JsonValue } from '@atome-sync/client';

/** As much of JSON Schema as a form needs. The server has the last word, and knows the rest. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly JsonValue[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

/** What is wrong with each key of `data`, in a sentence. */
export function faultsOf(data: Readonly<Record<string, JsonValue>>, schema: Schema | null): ReadonlyMap<string, string> {
  const faults = new Map<string, string>();
  for (const key of schema?.required ?? []) if (data[key] === undefined) faults.set(key, 'is required');
  for (const [key, rule] of Object.entries(schema?.properties ?? {})) {
    const value = data[key];
    const fault = value === undefined ? undefined : faultOf(value, rule);
    if (fault) faults.set(key, fault);
  }
  return faults;
}

function faultOf(value: JsonValue, rule: Schema): string | undefined {
  const types = typesOf(rule);
  if (types.length > 0 && !types.some((type) => isOf(type, value))) return `must be ${types.join(' or ')}`;
  if (rule.enum && !rule.enum.includes(value)) return `must be one of ${rule.enum.map(String).join(', ')}`;
  if (typeof value === 'number') return numberFault(value, rule);
  return typeof value === 'string' ? textFault(value, rule) : undefined;
}

function numberFault(value: number, { minimum = -Infinity, maximum = Infinity }: Schema): string | undefined {
  if (value < minimum) return `must be at least ${minimum}`;
  return value > maximum ? `must be at most ${maximum}` : undefined;
}

function textFault(value: string, { minLength = 0, maxLength = Infinity, pattern }: Schema): string | undefined {
  if (value.length < minLength) return `must have at least ${minLength} characters`;
  if (value.length > maxLength) return `must have at most ${maxLength} characters`;
  return pattern && !isLike(value, pattern) ? `must match ${pattern}` : undefined;
}

function isLike(value: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}

/** The types that a value may have; none where it may have any. */
export function typesOf({ type }: Schema): readonly string[] {
  return typeof type === 'string' ? [type] : (type ?? []);
}

function isOf(type: string, value: JsonValue): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}
