/** One write with its name, as a `mutate` says it. */
export interface Write {
  readonly opId: string;
  readonly operation: string;
  readonly atomeId: string;
  readonly kind?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly changes?: Readonly<Record<string, unknown>>;
}

/** An atome that everybody writes to; it is made by {@link firstWrite}. */
const SHARED = 'shared';

export const firstWrite: Write = { opId: 'first', operation: 'create', atomeId: SHARED, kind: 'note', data: {} };

/** What is done to each atome of a writer, one after the other: every step takes effect. */
const STEPS: ((n: number) => Omit<Write, 'opId' | 'atomeId'>)[] = [
  (n) => ({ operation: 'create', kind: 'note', data: { n } }),
  (n) => ({ operation: 'update', changes: { n } }),
  (n) => ({ operation: 'patch', changes: { n, nested: { n } } }),
  (n) => ({ operation: 'rename', changes: { name: `name ${n}` } }),
  (n) => ({ operation: 'tag', changes: { tags: [`tag ${n}`] } }),
  () => ({ operation: 'delete' }),
  () => ({ operation: 'restore', changes: { version: 2 } }),
];

/**
 * Writes of every operation by one writer, each of which becomes one alteration: to atomes of its own, and
 * now and then to the one that all share.
 */
export function* workload(writer: string, count = Infinity): Generator<Write> {
  const cycle = STEPS.length + 1;
  for (let n = 0; n < count; n += 1) {
    const opId = `${writer}-${n}`;
    const step = STEPS[n % cycle];
    if (step) yield { opId, atomeId: `${writer}-${Math.floor(n / cycle)}`, ...step(n) };
    else yield { opId, atomeId: SHARED, operation: 'update', changes: { [writer]: n } };
  }
}
