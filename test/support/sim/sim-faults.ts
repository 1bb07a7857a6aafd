import type { SimWorld } from './sim-world.js';
import type { SimLink } from './sim-network.js';

/** How long something lasts that ends by itself, in milliseconds at most. */
const LASTS_MS = 1_500;

/** How far ahead of the true time a clock is by then, in milliseconds. */
const CLOCKS_MS = [0, 0, 500, -5_000, 120_000, -3_600_000, 86_400_000];

/** What goes wrong, by name, and how often against the others. */
const FAULTS: Readonly<Record<string, readonly [weight: number, strike: (world: SimWorld) => void]>> = {
  'a line is cut': [4, (world) => someLink(world)?.cut()],
  'a line is half-open': [
    3,
    (world) => {
      const link = someLink(world);
      if (!link) return;
      link.silence();
      if (world.dice.isSo(0.5)) link.tellClient();
      else link.tellNode();
    },
  ],
  'a line stalls': [
    3,
    (world) => {
      const link = someLink(world);
      if (!link) return;
      const until = world.schedule.now + world.dice.random() * LASTS_MS;
      if (world.dice.isSo(0.7)) link.down.stalledUntil = until;
      if (world.dice.isSo(0.5)) link.up.stalledUntil = until;
    },
  ],
  'a node is killed': [3, (world) => world.killNode()],
  'a node goes down': [1, (world) => world.sendNodeAway()],
  'a node is stopped': [
    2,
    ({ schedule, dice, nodes }) => {
      if (nodes.length > 0) dice.oneOf(nodes).actor.pause(schedule.now + dice.random() * LASTS_MS);
    },
  ],
  'a clock is put': [
    2,
    ({ dice, nodes, seats }) => {
      const actors = [...nodes, ...seats].map(({ actor }) => actor);
      dice.oneOf(actors).skewMs = dice.oneOf(CLOCKS_MS);
    },
  ],
  'a client is killed': [3, (world) => world.killClient()],
  'a client is closed': [1, (world) => world.closeClient()],
  'a client is stopped': [
    1,
    ({ schedule, dice, seats }) => {
      dice.oneOf(seats).actor.pause(schedule.now + dice.random() * LASTS_MS);
    },
  ],
  'a client has no network': [
    2,
    (world) => {
      const { name, actor } = world.dice.oneOf(world.seats);
      world.network.offline.add(name);
      world.network.lost(actor, () => true);
      world.aWhile(() => world.network.offline.delete(name));
    },
  ],
  'a disk is full': [
    1,
    (world) => {
      const { disk } = world.dice.oneOf(world.seats);
      disk.fails = true;
      world.aWhile(() => (disk.fails = false));
    },
  ],
  'the database is away': [
    2,
    (world) => {
      world.database.isDown = true;
      world.aWhile(() => (world.database.isDown = false));
    },
  ],
  'the database is put back': [1, (world) => world.putBackLater()],
  'the bus is cut': [1, ({ bus }) => bus.cut()],
  'the bus is deaf': [
    1,
    (world) => {
      world.bus.isDeaf = true;
      world.aWhile(() => (world.bus.isDeaf = false));
    },
  ],
  'somebody lies on the bus': [
    2,
    (world) => world.bus.lie(world.tenant, world.witness.rows.length + 1 + world.dice.below(1_000)),
  ],
  'somebody babbles on the bus': [1, ({ bus }) => bus.babble()],
};

const NAMES = Object.entries(FAULTS).flatMap(([name, [weight]]) => Array.from({ length: weight }, () => name));

/** Something goes wrong. */
export function strike(world: SimWorld): void {
  const name = world.dice.oneOf(NAMES);
  world.schedule.tell(`! ${name}`);
  FAULTS[name]![1](world);
}

function someLink({ network, dice }: Pick<SimWorld, 'network' | 'dice'>): SimLink | undefined {
  const open = [...network.links].filter(({ isOver }) => !isOver);
  return open.length > 0 ? dice.oneOf(open) : undefined;
}
