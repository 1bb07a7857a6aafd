import type { Client, Written } from '../../../client/src/index.js';
import type { ChaosBooks } from './chaos-books.js';
import type { ChaosSeat } from './chaos-seat.js';

/** Atomes that all write to, by names that all know; those of accounts are touched by transfers alone. */
const SHARED = Array.from({ length: 40 }, (_, n) => `s${n}`);
export const ACCOUNTS = ['account0', 'account1', 'account2', 'account3'];

/** Who writes. */
type Seat = Pick<ChaosSeat, 'client' | 'name'>;

type Write = (client: Client, id: string, n: number) => Promise<Written>;

const WRITES: Readonly<Record<string, readonly [weight: number, write: Write]>> = {
  create: [6, (client, id, n) => client.create({ id, kind: 'note', data: { n, k1: n % 30 } })],
  update: [10, (client, id, n) => client.update(id, { [`k${n % 3}`]: n })],
  merge: [3, (client, id, n) => client.patch(id, { [`p${n % 4}`]: { deep: n } })],
  patch: [3, (client, id, n) => client.patch(id, [{ op: 'add', path: `/k${n % 3}`, value: n }])],
  rename: [2, (client, id, n) => client.rename(id, `name ${n}`)],
  tag: [2, (client, id, n) => client.tag(id, [`tag ${n}`])],
  replace: [2, (client, id, n) => client.replace(id, { data: { whole: n, k1: n % 30 } })],
  delete: [3, (client, id) => client.delete(id)],
  restore: [1, (client, id) => client.restore(id, 1)],
  share: [1, (client, id, n) => client.share(id, n % 2 ? 'private' : 'tenant')],
};
const NAMES = Object.entries(WRITES).flatMap(([name, [weight]]) => Array.from({ length: weight }, () => name));

/** What the users of one run write. */
export class ChaosWrites {
  private readonly made: string[] = [];

  constructor(
    private readonly books: ChaosBooks,
    private readonly random: () => number,
    private readonly trace: (line: string) => void,
    private readonly shared: readonly string[] = SHARED,
  ) {}

  /** One of what users do, on a client. */
  write(seat: Seat, n: number): void {
    const chance = this.random();
    if (chance < 0.15) return this.transfer(seat, n);
    if (chance < 0.2) return this.retry(seat);
    if (chance < 0.22) return this.discard(seat);
    const operation = this.oneOf(NAMES);
    const isOwn = operation === 'create' ? this.random() < 0.3 : this.random() < 0.2;
    const id = isOwn ? this.ownId(operation, n) : this.oneOf(this.shared);
    this.book(seat, { n, operation, atomeId: id }, WRITES[operation]![1](seat.client, id, n));
  }

  /** What one account gives the other takes: each has a key of its own for it, so that no transfer hides another. */
  private transfer(seat: Seat, n: number): void {
    const [from, to] = [this.oneOf(ACCOUNTS), this.oneOf(ACCOUNTS)];
    const amount = 1 + Math.floor(this.random() * 100);
    for (const [atomeId, key, value] of [
      [from, `t${n}-`, -amount],
      [to, `t${n}+`, amount],
    ] as const) {
      this.book(seat, { n, operation: 'transfer', atomeId }, seat.client.update(atomeId, { [key]: value }));
    }
  }

  private book(
    { name }: Seat,
    entry: { readonly n: number; readonly operation: string; readonly atomeId: string },
    written: Promise<Written>,
  ): void {
    const booked = this.books.book({ ...entry, by: name }, written);
    const tell = (): void =>
      this.trace(`${name} write ${entry.n} ${entry.operation} ${entry.atomeId} ${booked.opId ?? ''} ${booked.fate}`);
    void written.then(tell, tell);
  }

  private retry({ client, name }: Seat): void {
    void client
      .rejected()
      .then((all) => {
        const one = all[0] && this.oneOf(all);
        if (!one) return;
        const { opId, operation, atomeId } = one.operation;
        // what was refused because of it comes back as well, under names that nobody is told
        const along = all.filter(({ error }) => error.details?.create === opId).map((each) => each.operation.opId);
        this.books.excuse([opId, ...along], 'retried');
        this.books.unnamed += along.length + 1;
        this.trace(`${name} retries ${opId} with ${along.length}`);
        const entry = { n: -1, operation, atomeId, by: name };
        this.books.book(entry, client.retry(opId));
      })
      .catch(() => undefined);
  }

  private discard({ client, name }: Seat): void {
    void client
      .pending()
      .then(async (all) => {
        const one = all.find(({ operation }) => !ACCOUNTS.includes(operation.atomeId));
        if (!one) return;
        this.books.excuse([one.operation.opId], 'discarded');
        this.trace(`${name} discards ${one.operation.opId}`);
        await client.discard(one.operation.opId);
      })
      .catch(() => undefined);
  }

  private ownId(operation: string, n: number): string {
    if (operation === 'create' || this.made.length === 0) this.made.push(`own${n}`);
    return operation === 'create' ? this.made.at(-1)! : this.oneOf(this.made);
  }

  private oneOf<T>(all: readonly T[]): T {
    return all[Math.floor(this.random() * all.length)]!;
  }
}
