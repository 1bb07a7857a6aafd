import type { LedgerStore, LockedState, Planned, TenantLedger, TouchedKeys } from '../../../src/ledger/store.js';
import { AtomeError } from '../../../src/protocol/index.js';
import type { AlterationRow } from '../../../src/ledger/rows.js';
import type { Schedule } from './schedule.js';
import type { SimDice } from './sim-dice.js';

/** How long the database takes to hear, and to be heard, in milliseconds, about. */
const WAY_MS = 0.4;
/** How often a call fails before it has done anything, and how often its answer is lost. */
const [REFUSED, UNHEARD] = [0.004, 0.004];

/** What a store does that none may do; nothing but for the proof that it is found. */
export interface StoreFaults {
  /** What is read of a page of alterations. */
  readonly page: (rows: AlterationRow[]) => AlterationRow[];
  /** Whether a commit is answered before it is durable. */
  readonly answersEarly: () => boolean;
}

/** What all nodes have of one database. */
export interface SimDatabase {
  readonly below: LedgerStore;
  readonly schedule: { readonly after: (...given: Parameters<Schedule['after']>) => unknown };
  readonly dice: SimDice;
  readonly faults: StoreFaults;
  /** Nobody is answered. */
  isDown: boolean;
  /** Whether connections are lost by chance. */
  isShaky: boolean;
  /** Is told of what is durable, at that moment. */
  readonly committed: (rows: readonly AlterationRow[]) => void;
}

const PARTS = ['write', 'atomes', 'queries', 'alterations', 'audit', 'bases'] as const;

/**
 * The store as one node has it, over a connection: each call takes its way there and back, and may fail on either. What is
 * committed is there at once and for all; a node that dies before its commit has come there has written nothing.
 */
export function simStore(database: SimDatabase): LedgerStore {
  const { below } = database;
  const ledgers = new Map<string, TenantLedger>();
  const ledger = (tenant: string): TenantLedger => {
    const known = ledgers.get(tenant) ?? simLedger(database, below.ledger(tenant));
    ledgers.set(tenant, known);
    return known;
  };
  return over(below, (name) => (name === 'ledger' ? ledger : undefined), database);
}

function simLedger(database: SimDatabase, below: TenantLedger): TenantLedger {
  const parts = Object.fromEntries(
    PARTS.map((part) => [part, over(below[part], (name) => special(`${part}.${name}`, below, database), database)]),
  );
  return { ...(parts as unknown as TenantLedger), tenant: below.tenant };
}

/** All calls of an object go over the connection, but for those that are something else here. */
function over<T extends object>(below: T, other: (name: string) => unknown, database: SimDatabase): T {
  const made = new Map<string, unknown>();
  return new Proxy(below, {
    get(_, name) {
      const key = String(name);
      const known = made.get(key) ?? other(key);
      if (known) return known;
      const member: unknown = Reflect.get(below, name, below);
      if (typeof member !== 'function') return member;
      const call = (...args: unknown[]): unknown =>
        overConnection(database, () => Reflect.apply(member, below, args) as Promise<unknown>);
      made.set(key, call);
      return call;
    },
  });
}

function special(name: string, { write, alterations }: TenantLedger, database: SimDatabase): unknown {
  if (name === 'write.commit') {
    return <P extends Planned>(touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> =>
      commit(write.commit.bind(write), touched, plan, database);
  }
  if (name !== 'alterations.page') return undefined;
  return (page: Parameters<typeof alterations.page>[0]) =>
    overConnection(database, async () => database.faults.page(await alterations.page(page)));
}

async function commit<P extends Planned>(
  commitBelow: TenantLedger['write']['commit'],
  touched: TouchedKeys,
  plan: (before: LockedState) => P,
  database: SimDatabase,
): Promise<P> {
  const { faults, schedule, dice, committed } = database;
  const durable = async (decide: (before: LockedState) => P): Promise<P> => {
    const planned = await commitBelow(touched, decide);
    if (planned.additions) committed(planned.additions.alterations);
    return planned;
  };
  return overConnection(database, async () => {
    if (!faults.answersEarly()) return durable(plan);
    let planned: P | undefined;
    await commitBelow(touched, (before) => {
      planned = plan(before);
      return { additions: null };
    });
    schedule.after(dice.ms(1), () => void durable(() => planned!).catch(() => undefined), { what: 'commits late' });
    return planned!;
  });
}

async function overConnection<T>(database: SimDatabase, run: () => Promise<T>): Promise<T> {
  const { dice, isShaky } = database;
  await elapse(database);
  if (database.isDown || (isShaky && dice.isSo(REFUSED))) throw lost();
  const result = await run();
  // mostly at once: what is told late may be out of date, which is for others to bear
  if (dice.isSo(0.5)) await elapse(database);
  if (isShaky && dice.isSo(UNHEARD)) throw lost();
  return result;
}

function elapse({ schedule, dice }: SimDatabase): Promise<void> {
  return new Promise((resolve) => schedule.after(dice.ms(WAY_MS), resolve));
}

function lost(): AtomeError {
  return new AtomeError('unavailable', 'the connection to the database was lost; try again');
}
