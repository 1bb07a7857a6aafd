import { toAtomeError } from '../http/problem.js';
import type { Waiting } from '../auth/admission/fair-slots.js';
import type { Outcome } from '../ledger/outcome.js';
import type { ListQuery, QueryCost } from '../ledger/store.js';
import {
  AtomeError,
  parseCreateBody,
  parseId,
  type Batch,
  type BatchQuery,
  type Limits,
  type Mutation,
  type Principal,
} from '../protocol/index.js';
import type { BatchRecord, BatchSummary } from '../protocol/messages/answers.js';
import type { AtomeQueries } from './atome-queries.js';
import type { AtomeWrites } from './atome-writes.js';
import type { Caller } from './caller.js';

/** A batch goes through what its query finds by id, which its own writes do not change. */
const BY_ID = { includeDeleted: false, sortBy: 'id', sortOrder: 'asc', offset: 0 } as const;
/** How many writes of a batch wait at once: others of the tenant come between. */
const AT_ONCE = 100;

/** Who asks for a batch, and how. */
export interface BatchCall {
  readonly caller: Caller;
  /** Names the writes, together with their atomes. */
  readonly key: string | undefined;
  readonly signal: AbortSignal;
  readonly waiting: Waiting;
}

/** A write, parsed when it is its turn. */
type Write = () => Mutation;

interface Tally {
  done: number;
  refused: number;
  /** How many have had their turn. */
  tried: number;
  stopped: AtomeError | undefined;
}

/** Many writes of one sort: each is decided by itself, some at once. */
export class Batches {
  constructor(
    private readonly writes: AtomeWrites,
    private readonly queries: AtomeQueries,
    private readonly limits: Limits,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Yields what comes of the atomes, some at a time; ends where the server takes no more. @returns what it has come to. */
  async *run(batch: Batch, call: BatchCall): AsyncGenerator<BatchRecord[], BatchSummary> {
    const tally: Tally = { done: 0, refused: 0, tried: 0, stopped: undefined };
    const chunks = this.chunks(batch, call);
    let more = false;
    for (let next = await this.next(chunks, tally); next; next = await this.next(chunks, tally)) {
      const { writes, isLast } = next;
      yield await this.write(writes, call.caller, tally);
      more = !isLast;
      if (tally.stopped || call.signal.aborted) break;
    }
    const { done, refused, stopped } = tally;
    return { done, refused, more: more || stopped !== undefined, ...(stopped && { error: stopped.toBody() }) };
  }

  /** What it costs to find what a query names. @throws AtomeError `invalid` where that is too much. */
  costOf(query: BatchQuery, principal: Principal): Promise<QueryCost | undefined> {
    return this.queries.costOf({ ...query, ...BY_ID }, principal);
  }

  /** What cannot be read ends a batch as what cannot be written does. */
  private async next(chunks: AsyncGenerator<Chunk, void>, tally: Tally): Promise<Chunk | undefined> {
    try {
      return (await chunks.next()).value ?? undefined;
    } catch (error) {
      tally.stopped = this.refusal(error);
      return undefined;
    }
  }

  private async write(writes: readonly Write[], caller: Caller, tally: Tally): Promise<BatchRecord[]> {
    const first = tally.tried;
    tally.tried += writes.length;
    const settled = await Promise.all(writes.map((write, place) => this.writeOne(write, first + place, caller)));
    return settled.flatMap((each) => {
      if (each instanceof AtomeError) {
        tally.stopped ??= each;
        return [];
      }
      tally['error' in each ? 'refused' : 'done'] += 1;
      return [each];
    });
  }

  /** An error: it was not reached. */
  private async writeOne(write: Write, at: number, caller: Caller): Promise<BatchRecord | AtomeError> {
    let id: string | null = null;
    try {
      const mutation = write();
      id = mutation.atomeId;
      return recordOf(at, await this.writes.submit(mutation, caller));
    } catch (error) {
      const refusal = this.refusal(error);
      // a fault in one is no reason to leave the others
      const isStop = refusal.retryable && refusal.code !== 'internal';
      return isStop ? refusal : { at, id, error: refusal.toBody() };
    }
  }

  private async *chunks(batch: Batch, { caller, key, waiting }: BatchCall): AsyncGenerator<Chunk, void> {
    const named = (name: string | number): string | null => (key === undefined ? null : `${key}:${name}`);
    if ('query' in batch) {
      const { template, query } = batch;
      for await (const { rows, isLast } of this.pages(query, caller, waiting)) {
        // one that was altered since it was found may not be what was meant
        const writes = rows.map(({ id, version }) => () => {
          return { ...template, atomeId: id, opId: named(id), baseVersion: version };
        });
        yield { writes, isLast };
      }
      return;
    }
    const writes =
      'atomes' in batch
        ? batch.atomes.map((each, at) => () => {
            return parseCreateBody(each, { idempotencyKey: named(at) ?? undefined }, this.limits);
          })
        : batch.ids.map((each) => () => {
            const atomeId = parseId(each);
            return { ...batch.template, atomeId, opId: named(atomeId) };
          });
    for (let at = 0; at < writes.length; at += AT_ONCE) {
      yield { writes: writes.slice(at, at + AT_ONCE), isLast: at + AT_ONCE >= writes.length };
    }
  }

  private async *pages({ limit, ...filter }: BatchQuery, { principal }: Caller, waiting: Waiting) {
    let after: ListQuery['after'];
    for (let left = limit; left > 0;) {
      const page = { ...filter, ...BY_ID, limit: Math.min(left, AT_ONCE), after };
      const { rows, last } = await this.queries.list(page, principal, waiting);
      yield { rows, isLast: last === undefined };
      if (!last) return;
      after = { value: last.id, id: last.id };
      left -= rows.length;
    }
  }

  private refusal(error: unknown): AtomeError {
    const refusal = toAtomeError(error);
    if (refusal.code === 'internal') this.onError(refusal.cause ?? error);
    return refusal;
  }
}

/** Some writes, and whether there are no others. */
interface Chunk {
  readonly writes: readonly Write[];
  readonly isLast: boolean;
}

function recordOf(at: number, outcome: Outcome): BatchRecord {
  const { atomeId: id, version, seq } = outcome.outcome === 'applied' ? outcome.committed.alteration : outcome;
  return { at, id, version, seq };
}
