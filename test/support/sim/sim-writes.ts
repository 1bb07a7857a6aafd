import type { Client, Written } from '../../../client/src/index.js';
import type { ChaosBooks } from '../chaos/chaos-books.js';
import type { ChaosWrites } from '../chaos/chaos-writes.js';
import type { SimDice } from './sim-dice.js';
import type { SimSeat } from './sim-seat.js';

/** How often something is written that the chaos run does not write. */
const OTHERS = 0.25;
/** Atomes that inherit from others, one of which may be above another. */
const DESCENDANTS = ['h1', 'h2', 'h3'];
/** More than one frame of a node has. */
const LARGE = 'large '.repeat(400);

interface Asked {
  readonly client: Client;
  readonly descendant: string;
  readonly parent: string;
  readonly n: number;
}

const WRITES: readonly (readonly [operation: string, write: (asked: Asked) => Promise<Written>])[] = [
  [
    'create',
    ({ client, descendant, parent, n }) =>
      client.create({ id: descendant, kind: 'note', parentId: parent, access: 'inherit', data: { n, k1: n % 30 } }),
  ],
  ['move', ({ client, descendant, parent, n }) => client.replace(descendant, { parentId: parent, data: { moved: n } })],
  ['share', ({ client, descendant }) => client.share(descendant, 'inherit')],
  ['share', ({ client, parent, n }) => client.share(parent, n % 2 ? 'private' : 'tenant')],
  ['update', ({ client, descendant, n }) => client.update(descendant, { k1: n % 30, [`k${n % 3}`]: n })],
  ['update', ({ client, parent, n }) => client.update(parent, { large: `${n} ${LARGE}` })],
];

/** What users do here: what they do in the chaos run, and what inherits, and what is large. */
export class SimWrites {
  constructor(
    private readonly books: ChaosBooks,
    private readonly plain: ChaosWrites,
    private readonly dice: SimDice,
    private readonly shared: readonly string[],
  ) {}

  write(seat: SimSeat, n: number): void {
    const { books, plain, dice, shared } = this;
    if (!dice.isSo(OTHERS)) return plain.write(seat, n);
    const { client, name: by } = seat;
    const [descendant, [operation, write]] = [dice.oneOf(DESCENDANTS), dice.oneOf(WRITES)];
    const parent = dice.oneOf([...shared, ...DESCENDANTS]);
    const atomeId = operation === 'update' ? descendant : parent;
    books.book({ n, by, operation, atomeId }, write({ client, descendant, parent, n }));
  }
}
