/** The latest of what comes, as many as have room. */
export interface Kept<T> {
  readonly add: (item: T) => void;
  /** Puts what was before behind all that is here, the latest first. */
  readonly addBefore: (items: readonly T[]) => void;
  /** The latest first. */
  readonly latest: () => readonly T[];
  readonly clear: () => void;
}

/** What fits: so many, and so many bytes, of which the latest alone may have more. */
interface Room<T> {
  readonly count: number;
  readonly bytes: number;
  readonly bytesOf: (item: T) => number;
}

/** Keeps the latest within a bound. */
export function createKept<T>({ count, bytes, bytesOf }: Room<T>): Kept<T> {
  let items: { readonly item: T; readonly bytes: number }[] = [];
  let held = 0;
  const add = (item: T): void => {
    const own = bytesOf(item);
    items.push({ item, bytes: own });
    held += own;
    while (items.length > count || (held > bytes && items.length > 1)) held -= items.shift()!.bytes;
  };
  const latest = (): readonly T[] => items.map(({ item }) => item).reverse();
  const clear = (): void => {
    items = [];
    held = 0;
  };
  const addBefore = (before: readonly T[]): void => {
    const all = [...latest(), ...before].reverse();
    clear();
    all.forEach(add);
  };
  return { add, addBefore, latest, clear };
}

/** About how many bytes a value takes, without a text of it being made. */
export function bytesIn(value: unknown): number {
  if (typeof value === 'string') return 16 + 2 * value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 32;
  for (const key in value) bytes += bytesIn(key) + bytesIn((value as Readonly<Record<string, unknown>>)[key]);
  return bytes;
}
