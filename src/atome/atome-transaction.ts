import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../application/caller.js';
import type { RecordedWrites } from '../application/transactions.js';
import type { WriteResult } from '../application/write-result.js';
import { parsePreconditions } from '../http/preconditions.js';
import { parseRenameBody, type Limits, type Mutation, type WriteHeaders } from '../protocol/index.js';
import { copyOf, WriteCalls, type WriteContext } from './write-calls.js';

/** Who writes, and under which name. */
export type TransactionContext = Pick<WriteContext, 'principal' | 'clientId' | 'idempotencyKey'>;

/** What must hold of the atome that one write of a transaction meets. */
export type TransactionWriteContext = Pick<WriteContext, 'ifMatch' | 'ifNoneMatch' | 'ifUnmodifiedSince'>;

/** A write that is decided when its transaction is. */
export interface RecordedWrite {
  /** Id of the atome, also of one that is still to be made: for the next writes, and for rows of the application. */
  readonly id: string;
}

/** What a transaction has come to. */
export interface TransactionResult<T> {
  /** What the application's function has returned. */
  readonly result: T;
  /** What each write has come to, in their order. */
  readonly writes: readonly WriteResult[];
  /** The transaction of this `idempotencyKey` was committed before: `writes` are those of then, and no row was written again. */
  readonly isRepeated: boolean;
}

/** What a transaction is written through. The writes to atomes are noted, and decided together when the function is through. */
export class AtomeTransaction extends WriteCalls<TransactionWriteContext, RecordedWrite> {
  constructor(
    /** TypeORM's, in the transaction: what it writes is committed with the atomes, or not at all. */
    readonly manager: EntityManager,
    protected readonly limits: Limits,
    private readonly recorded: RecordedWrites,
    private readonly by: { readonly caller: Caller; readonly key: string | undefined },
  ) {
    super();
  }

  /** Sets `data.name`. */
  rename(
    id: string,
    input: { newName: string; reason?: string },
    context?: TransactionWriteContext,
  ): Promise<RecordedWrite> {
    return this.take((headers) => parseRenameBody(id, input, headers, this.limits), context);
  }

  // asynchronous: what is wrong rejects
  protected async take(
    parse: (headers: WriteHeaders) => Mutation,
    context: TransactionWriteContext = {},
  ): Promise<RecordedWrite> {
    const { recorded, by } = this;
    const opId = by.key === undefined ? null : `${by.key}:${recorded.mutations.length}`;
    const preconditions = parsePreconditions(context);
    const mutation = parse({ idempotencyKey: opId ?? undefined });
    const atomeId = opId !== null && mutation.freshId ? idOf(opId, by.caller) : mutation.atomeId;
    recorded.add({ ...copyOf(mutation), opId, atomeId, preconditions });
    return Promise.resolve({ id: atomeId });
  }
}

/** The same for each repetition: whatever names a new atome says the same again. */
function idOf(opId: string, { principal }: Caller): string {
  return createHash('sha256').update(`${principal.tenant}\n${principal.id}\n${opId}`).digest('base64url');
}
