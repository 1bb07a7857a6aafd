import { SyncError } from '../core/errors.js';

/** How the names of what JSON carries end, and of what it leaves out: not those of bigints, maps, promises, files. */
const CARRIED = /(ect|ray|ing|ean|ned|ion)]$/;

/** What is null, and was none, is an invalid date. */
function plain(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const isNumber = value === null || typeof value === 'number';
  const isPlain = isNumber ? isFinite((value ?? this[key]) as number) : CARRIED.test({}.toString.call(value));
  if (!isPlain) throw new SyncError('invalid', `JSON has no ${String(this[key])}`);
  return value;
}

/**
 * What JSON can say of it: what the caller does with the objects afterwards changes nothing here.
 * @throws SyncError `invalid` for what JSON would make null, or an empty object, of.
 */
export function jsonCopy<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value, plain)) as T;
}
