import type { RejectedWrite } from '../../../client/src/index.js';
import { verifyLedger } from '../../../src/ledger/integrity/verify-ledger.js';
import { atomeOf } from '../../../src/ledger/row-mapper.js';
import type { Atome, Principal } from '../../../src/protocol/index.js';
import { difference, imbalance, stateOf } from '../chaos/chaos-state.js';
import { ACCOUNTS } from '../chaos/chaos-writes.js';
import { mayRead } from '../models/access-model.js';
import { PRINCIPALS } from './sim-node.js';
import type { SimSeat } from './sim-seat.js';
import type { SimWorld } from './sim-world.js';

/** How long it may take until all is well, in milliseconds. */
const PATIENCE_MS = 90_000;
/** How often it is looked whether it is. */
const LOOK_MS = 50;
const ALL = { limit: 10_000, chars: 2 ** 30 };

/** When nothing goes wrong any more: waits until everybody has everything, and compares. */
export async function auditSim(world: SimWorld): Promise<string[]> {
  const { schedule, witness, below, tenant, seats, books } = world;
  if (!(await settled(world))) {
    const open = seats
      .filter((seat) => !isSettled(world, seat))
      .map(({ name, client }) => {
        return `${name}: ${JSON.stringify(client.status())}`;
      });
    return [...witness.wrong, `it has hung, with ${witness.rows.length} in the ledger: ${open.join('; ')}`];
  }
  const wrong = [...witness.wrong];
  const ledger = below.ledger(tenant);
  const rows = await ledger.alterations.page({ after: 0, upTo: 2 ** 40, ...ALL });
  if (rows.length !== witness.rows.length || rows.some(({ hash }, at) => hash !== witness.rows[at]!.hash))
    wrong.push(`the ledger has ${rows.length} rows, and is not what was committed, ${witness.rows.length}`);
  const { fault } = await schedule.by(schedule.world, () => verifyLedger(ledger));
  if (fault) wrong.push(`the ledger does not verify: ${JSON.stringify(fault)}`);
  const seen = await seenOf(world);
  const rejected: RejectedWrite[] = [];
  for (const seat of seats) {
    const { client, name, actor } = seat;
    const shown = await schedule.by(actor, () => client.list());
    wrong.push(...difference(name, stateOf(seen[seat.user]!.filter(seat.wants.isWanted)), stateOf(shown)));
    wrong.push(...(await schedule.by(actor, () => seat.wrongQuery())));
    const accounts = shown.filter(({ id }) => ACCOUNTS.includes(id));
    if (seat.seesAll) wrong.push(...imbalance(name, rows, accounts));
    rejected.push(...(await schedule.by(actor, () => client.rejected())));
  }
  wrong.push(...books.audit(rows, rejected, witness.late));
  return wrong;
}

/** Whether everybody has everything before it takes too long. */
async function settled(world: SimWorld): Promise<boolean> {
  const { schedule } = world;
  const end = schedule.now + PATIENCE_MS;
  const isSo = (): boolean =>
    world.absent === 0 &&
    schedule.now >= world.strangeUntil &&
    world.books.unanswered === 0 &&
    world.seats.every((seat) => isSettled(world, seat));
  while (schedule.now < end) {
    let isLooked = false;
    schedule.after(LOOK_MS, () => (isLooked = true), { actor: schedule.world });
    if (!(await schedule.until(() => isLooked, 2 * LOOK_MS))) return false;
    if (isSo() && (await world.below.propagating()).length === 0) return true;
  }
  return false;
}

function isSettled({ witness, schedule }: SimWorld, { client, actor }: SimSeat): boolean {
  if (actor.isDead || actor.pausedUntil >= schedule.now) return false;
  const { state, pending, lastSeq, storage } = client.status();
  return state === 'live' && storage === 'durable' && pending === 0 && lastSeq === witness.rows.length;
}

/** What each user may see, by rights that are asked in the simplest way. */
async function seenOf({ below, tenant }: SimWorld): Promise<Record<string, Atome[]>> {
  const all = (await below.ledger(tenant).atomes.after({ after: '', limit: ALL.limit })).map(atomeOf);
  const seenBy = ({ id, roles: [role] }: Principal): Atome[] =>
    all.filter((each) => each.deletedAt === null && mayRead({ id, role: role!, groups: [] }, each, all));
  return Object.fromEntries(Object.values(PRINCIPALS).map((each) => [each.id, seenBy(each)]));
}
