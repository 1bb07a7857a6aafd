import { openStore } from '../../../src/ledger/stores/open-store.js';
import type { Outcome, WriteOrigin } from '../../../src/ledger/outcome.js';
import { NO_QUOTAS, type Quotas } from '../../../src/ledger/write/quotas.js';
import type { LedgerReader } from '../../../src/ledger/read/ledger-reader.js';
import { LedgerReaders } from '../../../src/ledger/read/ledger-readers.js';
import type { StateAt } from '../../../src/ledger/write/group-commits.js';
import type { LedgerStore } from '../../../src/ledger/store.js';
import { LedgerWriter } from '../../../src/ledger/write/ledger-writer.js';
import { STANDING } from '../../../src/ledger/write/admission.js';
import type { KindRules } from '../../../src/ledger/write/kind-rules.js';
import { MAX_WRITES } from '../../../src/ledger/write/group-size.js';
import {
  DEFAULT_LIMITS,
  HybridClock,
  OPEN_RULES,
  type AccessRules,
  type Limits,
  type Mutation,
} from '../../../src/protocol/index.js';

export const TENANT = 'default';
/** A write of somebody, through a client or none. */
export function by(id: string, sourceClient: string | null = null): WriteOrigin {
  return { principal: { id, tenant: TENANT, roles: ['writer'] }, sourceClient };
}

export const ORIGIN = by('somebody');
export const SOMEBODY = ORIGIN.principal;

/** A ledger without a server: the writer and the reader over one store. */
export interface TestLedger {
  readonly store: LedgerStore;
  readonly writer: LedgerWriter;
  readonly ledgers: LedgerReaders;
  /** That of {@link TENANT}. */
  readonly reader: LedgerReader;
  write(mutation: Mutation, origin?: WriteOrigin): Promise<Outcome>;
  /** Resolves when all that inherit have been told what. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface TestLedgerOptions {
  readonly limits?: Partial<Limits>;
  readonly rules?: AccessRules;
  readonly now?: () => number;
  readonly quotas?: Partial<Quotas>;
  readonly kinds?: KindRules;
  /** Told of what fails without a caller; left out: that fails the test. */
  readonly onError?: (error: unknown) => void;
}

function fail(error: unknown): void {
  throw error;
}

/** On SQLite in memory unless a store is given. */
export async function openLedger(store?: LedgerStore, options: TestLedgerOptions = {}): Promise<TestLedger> {
  const over = store ?? (await openStore('sqlite::memory:'));
  const ledgers = new LedgerReaders(over);
  const { now = Date.now } = options;
  const environment = {
    clock: new HybridClock('server', now),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    quotas: { ...NO_QUOTAS, ...options.quotas },
    rules: options.rules ?? OPEN_RULES,
    kinds: options.kinds,
    now,
  };
  const stateAt: StateAt = (tenant, id, version) => ledgers.of(tenant).stateAt(id, version);
  const writer = new LedgerWriter(over, stateAt, environment, options.onError ?? fail);
  return {
    store: over,
    writer,
    ledgers,
    reader: ledgers.of(TENANT),
    settled: () => writer.settled(),
    write: withRoom((mutation, origin = ORIGIN) => writer.submit(TENANT, mutation, origin)),
    close: async () => {
      await writer.drain();
      await over.close();
    },
  };
}

/** How many writes of a spec are under way at once: for so many there is room, however slow the machine is, and however long. */
const AT_ONCE = STANDING.groups * MAX_WRITES;

/** Lets the others wait, in their order. */
function withRoom<A extends unknown[], T>(send: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  return async (...args) => {
    if (underWay === AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else underWay += 1;
    try {
      return await send(...args);
    } finally {
      const next = waiting.shift();
      // its place goes over to the next
      if (next) next();
      else underWay -= 1;
    }
  };
}

type Envelope = Partial<Pick<Mutation, 'opId' | 'baseVersion' | 'hlc' | 'reason'>>;
type ChangesOf<O> = Extract<Mutation, { operation: O }>['changes'];

/** One write, as the entry points hand it over. */
export function write<O extends Mutation['operation']>(
  atomeId: string,
  operation: O,
  changes: ChangesOf<O>,
  envelope: Envelope = {},
): Mutation {
  return {
    opId: null,
    baseVersion: null,
    hlc: null,
    reason: null,
    ...envelope,
    atomeId,
    operation,
    changes,
  } as Mutation;
}

/** The creation of a note. */
export function create(atomeId: string, data: ChangesOf<'update'> = {}, envelope: Envelope = {}): Mutation {
  return write(atomeId, 'create', { kind: 'note', type: null, data, meta: {}, parentId: null }, envelope);
}

export function update(atomeId: string, changes: ChangesOf<'update'>, envelope: Envelope = {}): Mutation {
  return write(atomeId, 'update', changes, envelope);
}
