import type { KindRegistry } from '../kinds/kind-registry.js';
import { inTime } from '../ledger/in-time.js';
import type { Outcome, WriteOrigin } from '../ledger/outcome.js';
import { noneOf } from '../ledger/write/decide-write.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { Unprepared, type PreparedMutation } from '../ledger/write/prepared-mutation.js';
import { AtomeError, type Mutation } from '../protocol/index.js';
import type { Caller } from './caller.js';
import { Order } from './order.js';
import { isShown, type PreparedWrite, type WriteHooks } from './write-hooks.js';

/** How often it is prepared again, where others write to the same atome. */
const MAX_ATTEMPTS = 5;
/** How many writes are prepared at once; one tenant gets a share. */
const MAX_PREPARING = { tenant: 5_000, all: 20_000 } as const;

type Report = (cause: string, line: string) => void;
type Outcomes = readonly (Outcome | AtomeError)[];

/** The writes of one call, under way. */
interface Batch {
  readonly tenant: string;
  readonly mutations: readonly Mutation[];
  readonly origin: WriteOrigin;
}

/**
 * The writer of the ledger, for writes that are still to be completed by what is known of their kind, and to be shown to the
 * application. That happens before they wait for their group: never under the lock of the tenant. Writes to one atome are
 * shown one after the other, and those of one connection or push reach the ledger in their order.
 */
export class PreparedWriter {
  private readonly order = new Order();
  private readonly preparing = new Map<string, number>();
  private allPreparing = 0;

  /** @param hooks left out where the application wants to see no writes: then nothing here waits. */
  constructor(
    private readonly writer: Pick<LedgerWriter, 'submit' | 'submitAll'>,
    private readonly kinds: KindRegistry | undefined,
    private readonly hooks: WriteHooks | undefined,
    private readonly report: Report,
  ) {}

  /** As that of the writer. @param by whose earlier writes come before it. */
  submit(tenant: string, mutation: Mutation, origin: WriteOrigin, by: Caller): Promise<Outcome> {
    // nothing to wait for, and no promise of its own
    if (!this.hooks && !this.kinds) return this.writer.submit(tenant, mutation, origin);
    return this.prepared(tenant, mutation, origin, by);
  }

  private async prepared(tenant: string, mutation: Mutation, origin: WriteOrigin, by: Caller): Promise<Outcome> {
    if (!this.hooks) return this.writer.submit(tenant, this.kinds?.complete(mutation) ?? mutation, origin);
    if (!isShown(mutation)) return this.inLine(() => this.writer.submit(tenant, mutation, origin), lineOf(by));
    const [outcome] = await this.run(this.hooks, { tenant, mutations: [mutation], origin }, by);
    if (outcome instanceof AtomeError) throw outcome;
    return outcome!;
  }

  /** As that of the writer. @param by whose earlier writes come before them. */
  async submitAll(tenant: string, mutations: readonly Mutation[], origin: WriteOrigin, by: Caller): Promise<Outcomes> {
    if (this.hooks) return this.run(this.hooks, { tenant, mutations, origin }, by);
    const completed = mutations.map((mutation) => this.kinds?.complete(mutation) ?? mutation);
    return this.writer.submitAll(tenant, completed, origin);
  }

  /** Only behind those that came before it: it waits for nobody who looks at other writes, nor is there a bound to it. */
  private async inLine<T>(submit: () => Promise<T>, line: unknown): Promise<T> {
    const [handedOn, handOn] = signal();
    try {
      await this.order.follow(line, handedOn);
      const outcome = submit();
      handOn();
      return await outcome;
    } finally {
      handOn();
    }
  }

  private async run(hooks: WriteHooks, batch: Batch, by: Caller): Promise<Outcomes> {
    const { tenant, mutations, origin } = batch;
    this.enter(tenant, mutations.length);
    const [handedOn, handOn] = signal();
    const [decided, decide] = signal();
    const atomes = [...new Set(mutations.map(({ atomeId }) => `atome\n${tenant}\n${atomeId}`))];
    // who came before may wait for the transaction that this is a part of; it is prepared again where they were first
    const isFree = origin.within !== undefined;
    const before = isFree ? undefined : Promise.all(atomes.map((key) => this.order.follow(key, decided)));
    const turn = isFree ? undefined : this.order.follow(lineOf(by), handedOn);
    const prepare = async (): Promise<readonly PreparedWrite[]> => {
      await before;
      return prepareAll(hooks, batch);
    };
    try {
      for (let attempt = 1; ; attempt += 1) {
        const prepared = await inTime(prepare(), hooks.prepareMs, () => this.late(hooks.prepareMs));
        await turn;
        const outcomes = this.write(batch, prepared);
        handOn();
        const told = await outcomes;
        if (attempt === MAX_ATTEMPTS || !told.some((each) => each instanceof Unprepared)) return told;
      }
    } finally {
      handOn();
      decide();
      this.leave(tenant, mutations.length);
    }
  }

  /** @returns what came of what was asked for; of what the application has added only what has refused it. */
  private async write({ tenant, mutations, origin }: Batch, prepared: readonly PreparedWrite[]): Promise<Outcomes> {
    const writes = prepared.flatMap(({ write, added }) => [write, ...added]);
    const [first] = writes;
    if (first && writes.length === 1 && mutations.length === 1 && !origin.within) {
      return [await this.writer.submit(tenant, first, origin).catch(refusalOf)];
    }
    const outcomes = await this.writer.submitAll(tenant, unfenced(writes), origin);
    const refused = outcomes.findIndex((each) => each instanceof AtomeError && each.details?.refused === undefined);
    const refusal = outcomes[refused];
    if (!(refusal instanceof AtomeError)) return outcomes.filter((_, at) => !writes[at]!.isAdded);
    const place = writes.slice(0, refused + 1).filter(({ isAdded }) => !isAdded).length - 1;
    return noneOf(mutations.length, place, writes[refused]!.isAdded ? ofAdded(refusal) : refusal);
  }

  private late(ms: number): never {
    this.report('late hook', `503: a write was not prepared within ${ms} ms: beforeWrite() did not answer`);
    throw new AtomeError('unavailable', 'the application took too long to look at the write; try again');
  }

  private enter(tenant: string, count: number): void {
    const ofTenant = (this.preparing.get(tenant) ?? 0) + count;
    if (ofTenant > MAX_PREPARING.tenant || this.allPreparing + count > MAX_PREPARING.all) {
      this.report('hooks', `503: a write was refused: ${ofTenant} of its tenant wait for beforeWrite()`);
      throw new AtomeError('unavailable', 'too many writes wait to be looked at; send fewer at once, and try again');
    }
    this.preparing.set(tenant, ofTenant);
    this.allPreparing += count;
  }

  private leave(tenant: string, count: number): void {
    const ofTenant = this.preparing.get(tenant)! - count;
    if (ofTenant > 0) this.preparing.set(tenant, ofTenant);
    else this.preparing.delete(tenant);
    this.allPreparing -= count;
  }
}

/** Those whose order is kept: of one connection, or of one call. */
function lineOf(by: Caller): unknown {
  const { principal, clientId } = by;
  return clientId === null ? by : `${principal.tenant}\n${principal.id}\n${clientId}`;
}

/** Several that belong together are shown as they would be met: what earlier ones make of an atome is not there yet. */
async function prepareAll(hooks: WriteHooks, { mutations, origin }: Batch): Promise<readonly PreparedWrite[]> {
  const prepared: PreparedWrite[] = [];
  const kinds = new Map<string, string>();
  for (const mutation of mutations) {
    prepared.push(await hooks.prepare(mutation, origin.principal, kinds.get(mutation.atomeId)));
    const { operation, changes, atomeId } = mutation;
    const kind = operation === 'create' || operation === 'replace' ? changes.kind : undefined;
    if (kind !== undefined) kinds.set(atomeId, kind);
  }
  return prepared;
}

/** What others of the same writes have altered before is not as it was. */
function unfenced(writes: readonly PreparedMutation[]): readonly PreparedMutation[] {
  const altered = new Set<string>();
  return writes.map((write) => {
    const { preparedFor: _preparedFor, ...free } = write;
    const isAltered = altered.has(write.atomeId);
    altered.add(write.atomeId);
    return isAltered ? free : write;
  });
}

function ofAdded({ code, message, details }: AtomeError): AtomeError {
  return new AtomeError(code, `what the application adds to the write was refused: ${message}`, details);
}

function refusalOf(error: unknown): AtomeError {
  if (error instanceof AtomeError) return error;
  throw error;
}

function signal(): [promise: Promise<void>, resolve: () => void] {
  let resolve: () => void = () => undefined;
  return [new Promise<void>((done) => (resolve = done)), () => resolve()];
}
