import { ChaosBooks } from '../chaos/chaos-books.js';
import { ACCOUNTS, ChaosWrites } from '../chaos/chaos-writes.js';
import { plant, type Planted, type PlantedFault } from './planted-faults.js';
import { Actor, Schedule } from './schedule.js';
import { SimBus } from './sim-bus.js';
import { SimDice } from './sim-dice.js';
import { SimNetwork } from './sim-network.js';
import { SimNode, TENANT } from './sim-node.js';
import { SimSeat, WANTED } from './sim-seat.js';
import { simStore, type SimDatabase } from './sim-store.js';
import { SimWrites } from './sim-writes.js';
import { Witness } from './witness.js';
import type { SqlStore } from '../../../src/ledger/stores/sql.store.js';
import { keepCopy, putBackCopy } from './sim-copy.js';

/** How many nodes there are at most, and who sits where. */
const NODES = 3;
const USERS = ['alice', 'bob', 'alice', 'bob'];
/** Atomes that all write to: one or a few. */
const SHARED = ['s1', 's2', 's3', 's4', 's5'];
/** How long a node is away that was killed, and how long something lasts, in milliseconds at most. */
const LASTS_MS = 1_500;
/** How long a message may tell of what has gone from the database, and how long nodes may not have looked, in milliseconds. */
const STRANGE_MS = 5_000;
/** How far a clock is wrong, in milliseconds: most a little, some very much. */
const SKEWS = { node: [0, 0, 40, -900, 120_000], client: [0, 0, 30, -2_000, 86_400_000, -3_600_000] } as const;

/** All that there is in one run. */
export class SimWorld {
  readonly tenant = TENANT;
  /** What nobody has caught ends a process, and a run. */
  readonly thrown = (error: unknown): void =>
    this.witness.blame(`nobody has caught: ${String((error as Error | undefined)?.stack ?? error)}`);
  readonly schedule = new Schedule(this.thrown);
  readonly dice: SimDice;
  readonly witness = new Witness(this.schedule, (client) =>
    this.seats.some(({ name, seesAll }) => seesAll && name === client),
  );
  readonly network: SimNetwork;
  readonly bus: SimBus;
  readonly database: SimDatabase;
  readonly nodes: SimNode[] = [];
  readonly seats: SimSeat[];
  readonly books = new ChaosBooks();
  readonly writes: SimWrites;
  /** How many are on their way down, or up again. */
  absent = 0;
  /** When what is of another past may still come to somebody, in milliseconds. */
  strangeUntil = 0;
  private isKept = false;
  private readonly planted: Planted;
  private readonly shared: readonly string[];
  private made = 0;

  constructor(
    seed: number,
    readonly below: SqlStore,
    fault: PlantedFault | undefined,
  ) {
    const { schedule, witness } = this;
    const dice = (part: string): SimDice => new SimDice(seed, part);
    this.dice = dice('world');
    this.planted = plant(fault, dice('planted'));
    const { planted } = this;
    this.network = new SimNetwork(schedule, dice('network'), witness, planted);
    this.bus = new SimBus(schedule, dice('bus'));
    this.database = {
      below,
      schedule,
      dice: dice('database'),
      faults: planted,
      isDown: false,
      isShaky: true,
      committed: (rows) => witness.committed(rows),
    };
    this.shared = SHARED.slice(this.dice.below(SHARED.length));
    const trace = (line: string): void => schedule.tell(line);
    const { books, shared } = this;
    const plain = new ChaosWrites(books, dice('writes').random, trace, shared);
    this.writes = new SimWrites(books, plain, dice('other writes'), shared);
    const blame = (what: string): void => witness.blame(what);
    const parts = { schedule, network: this.network, dice: dice('disks'), blame, forgets: planted.forgets };
    const count = 2 + this.dice.below(USERS.length - 1);
    this.seats = USERS.slice(0, count).map((user, at) => {
      const [skewMs, wants] = [this.dice.oneOf(SKEWS.client), this.dice.oneOf(WANTED)];
      return new SimSeat({ user, place: `c${at}`, skewMs, wants }, parts);
    });
  }

  /** The first nodes start, and there is something to write to. */
  begin(): void {
    for (let count = 1 + this.dice.below(NODES); count > 0; count -= 1) this.startNode();
    this.createFirst();
  }

  startNode(): void {
    const { schedule, database, bus, planted, witness, dice } = this;
    const actor = new Actor(`n${(this.made += 1)}`, dice.oneOf(SKEWS.node));
    const begin = (): void => {
      const { feedOf } = planted;
      const blame = (what: string): void => witness.blame(what);
      const node = new SimNode(actor, { store: simStore(database), bus, blame, feedOf });
      this.nodes.push(node);
      this.network.listeners.add(node);
      void node.start();
    };
    schedule.after(0, begin, { what: 'starts', actor });
  }

  killNode(): void {
    const node = this.takeNode();
    if (!node) return;
    node.actor.isDead = true;
    this.network.lost(node.actor, () => this.dice.isSo(0.8));
    this.restartNode();
  }

  /** As on SIGTERM. */
  sendNodeAway(): void {
    const node = this.takeNode();
    if (!node) return;
    const { actor } = node;
    this.absent += 1;
    const gone = (): void => {
      this.absent -= 1;
      actor.isDead = true;
      this.network.lost(actor, () => true);
    };
    const leave = (): void =>
      void node
        .leave()
        .catch((error: unknown) => this.witness.blame(`${actor.name} cannot leave: ${String(error)}`))
        .finally(() => this.schedule.after(0, gone, { what: `${actor.name} is gone`, actor: this.schedule.world }));
    this.schedule.after(0, leave, { actor });
    this.restartNode();
  }

  killClient(): void {
    const { dice, schedule, books } = this;
    const seat = dice.oneOf(this.seats);
    if (seat.actor.isDead || seat.isClosing) return;
    seat.kill(() => dice.isSo(0.7));
    books.died(seat.name);
    this.absent += 1;
    const begin = (): void => seat.begin(() => (this.absent -= 1));
    schedule.after(dice.random() * LASTS_MS, begin, { actor: schedule.world });
  }

  /** A user closes their program, and begins it anew. */
  closeClient(): void {
    const { dice, schedule } = this;
    const seat = dice.oneOf(this.seats);
    const { actor } = seat;
    if (actor.isDead || seat.isClosing) return;
    seat.isClosing = true;
    this.absent += 1;
    const again = (): void => {
      seat.kill(() => true);
      seat.isClosing = false;
      seat.begin(() => (this.absent -= 1));
    };
    const close = (): void =>
      void seat.client
        .close()
        .catch((error: unknown) => this.witness.blame(`${seat.name} cannot be closed: ${String(error)}`))
        .finally(() => schedule.after(0, again, { what: `${seat.name} is closed`, actor: schedule.world }));
    schedule.after(0, close, { actor });
  }

  /** One of what users do. */
  write(n: number): void {
    const seat = this.dice.oneOf(this.seats);
    if (seat.actor.isDead) return;
    this.schedule.after(0, () => this.writes.write(seat, n), { actor: seat.actor });
  }

  /** What all transfers go between, and some of what all write to. */
  private createFirst(): void {
    const seat = this.seats[0]!;
    const { name, actor } = seat;
    const create = (): void => {
      for (const id of [...ACCOUNTS, ...this.shared]) {
        const kind = ACCOUNTS.includes(id) ? 'account' : 'note';
        this.books.book(
          { n: 0, by: name, operation: 'create', atomeId: id },
          seat.client.create({ id, kind, data: {} }),
        );
      }
    };
    this.schedule.after(0, create, { what: 'creates what all write to', actor });
  }

  aWhile(end: () => unknown): void {
    const { schedule, dice } = this;
    this.absent += 1;
    const over = (): void => {
      this.absent -= 1;
      end();
    };
    schedule.after(dice.random() * LASTS_MS, over, { what: 'is over', actor: schedule.world });
  }

  /** A copy of the database is made now, and takes its place in a while: what was committed meanwhile has gone. */
  putBackLater(): void {
    const { schedule, below, witness, books } = this;
    // there is one place for a copy
    if (this.isKept) return;
    this.isKept = true;
    const kept = keepCopy(below);
    this.aWhile(async () => {
      const seq = await kept;
      await putBackCopy(below);
      this.isKept = false;
      books.isPutBack = true;
      books.excuse(witness.putBack(seq), 'discarded');
      this.strangeUntil = schedule.now + STRANGE_MS;
    });
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.schedule.tell('! all is well');
    this.bus.faulty = 0;
    this.database.isShaky = false;
    this.network.heal();
  }

  private takeNode(): SimNode | undefined {
    const { nodes, dice } = this;
    if (nodes.length === 0) return undefined;
    const [node] = nodes.splice(dice.below(nodes.length), 1);
    this.network.listeners.delete(node!);
    return node;
  }

  private restartNode(): void {
    const { schedule, dice } = this;
    this.absent += 1;
    const begin = (): void => {
      this.absent -= 1;
      this.startNode();
    };
    schedule.after(dice.random() * LASTS_MS, begin, { actor: schedule.world });
  }
}
