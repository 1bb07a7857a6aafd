import { Injectable } from '@nestjs/common';
import type { Waiting } from '../auth/admission/fair-slots.js';
import { ANONYMOUS, isSystem } from '../auth/authentication/anonymous.js';
import { requirePrincipal } from '../auth/authentication/principal.js';
import { AtomeQueries, type AtomeText } from '../application/atome-queries.js';
import { AtomeWrites } from '../application/atome-writes.js';
import { callerOf, type Caller } from '../application/caller.js';
import { Transactions } from '../application/transactions.js';
import type { RenameResult, WriteResult } from '../application/write-result.js';
import type { HistoryCursor, HistoryPage } from '../ledger/read/history-page.js';
import type { ListPage } from '../ledger/read/ledger-reader.js';
import type { AsOf } from '../ledger/read/past.js';
import { atomeOf, atomeText } from '../ledger/row-mapper.js';
import type { Preconditions } from '../ledger/write/preconditions.js';
import type { ListQuery } from '../ledger/store.js';
import {
  AtomeError,
  guardJson,
  invalid,
  parseDeleteBody,
  parseId,
  parseRenameBody,
  type Atome,
  type Limits,
  type Mutation,
  type Principal,
  type WriteHeaders,
} from '../protocol/index.js';
import { ResolvedOptions } from '../config/module-options.js';
import { parsePreconditions } from '../http/preconditions.js';

import { AtomeTransaction, type TransactionContext, type TransactionResult } from './atome-transaction.js';
import { copyOf, WriteCalls, type WriteContext } from './write-calls.js';
import { RequestContext } from './write-context.decorator.js';

export type { RenameResult, WriteResult } from '../application/write-result.js';

/** Who reads; left out as for {@link WriteContext}. An `undefined` that is passed is refused. */
export type ReadBy = readonly [principal?: Principal];

/**
 * The atomes, for REST and for the code of an application that imports `AtomeModule`. Every method refuses by
 * rejecting with an {@link AtomeError}, and throws nothing; a write resolves when it is durable.
 */
@Injectable()
export class AtomeService extends WriteCalls<WriteContext, WriteResult> {
  protected readonly limits: Limits;

  constructor(
    private readonly queries: AtomeQueries,
    private readonly writes: AtomeWrites,
    private readonly options: ResolvedOptions,
    private readonly transactions: Transactions,
  ) {
    super();
    this.limits = options.limits;
  }

  /**
   * Writes atomes together with rows of the application's own, or neither. The function runs first, ten seconds at most;
   * then what it has noted is decided. It must not write in another way meanwhile.
   * @throws what the function throws, or the AtomeError of the write that is refused; Error where the option `dataSource`
   * does not lead to the same database.
   * @example
   * ```ts
   * const { result: order } = await atomes.transaction(async (tx) => {
   *   const { id } = await tx.create({ kind: 'order', data: { title } });
   *   return tx.manager.save(Order, { atomeId: id, total });
   * }, { principal });
   * ```
   */
  async transaction<T>(
    work: (tx: AtomeTransaction) => T | Promise<T>,
    context: TransactionContext = {},
  ): Promise<TransactionResult<T>> {
    const [caller] = this.contextOf(context);
    const { idempotencyKey: key } = context;
    const { result, outcomes, isRepeated } = await this.transactions.run(caller, async (recorded, manager) => {
      const came = await work(new AtomeTransaction(manager, this.limits, recorded, { caller, key }));
      if (key === undefined || recorded.mutations.length > 0) return came;
      // a repetition could not be known
      throw invalid([{ path: 'idempotencyKey', message: 'names the writes to atomes, and there is none' }]);
    });
    const writes = await Promise.all(outcomes.map((outcome) => this.writes.resultOf(outcome, caller)));
    return { result, writes, isRepeated };
  }

  /** Sets `data.name`. */
  async rename(
    id: string,
    input: { newName: string; reason?: string },
    context: WriteContext = {},
  ): Promise<RenameResult> {
    const [caller, preconditions] = this.contextOf(context);
    return this.writes.rename(parseRenameBody(id, input, context, this.limits), caller, preconditions);
  }

  /**
   * Erases the payload of an atome and of all its alterations, for good; for its owner and for admins.
   * It is deleted then, and its id cannot be used again.
   */
  async erase(id: string, input: { reason?: string } = {}, context: WriteContext = {}): Promise<WriteResult> {
    const [caller, preconditions] = this.contextOf(context);
    const mutation = parseDeleteBody(id, input, context, this.limits);
    return this.writes.resultOf(await this.writes.erase(mutation, caller, preconditions), caller);
  }

  /** The atome as it is, or as it was. */
  async get(id: string, moment?: AsOf, ...by: ReadBy): Promise<Atome> {
    return this.queries.get(parseId(id), moment, ...this.readerOf(by));
  }

  /** As {@link get}, as JSON, which costs less: for those who only hand it on. */
  async getText(id: string, moment?: AsOf, ...by: ReadBy): Promise<AtomeText> {
    return this.queries.getText(parseId(id), moment, ...this.readerOf(by));
  }

  /** A page of the atomes that the reader may see, in the order of the query. `last` is where the next page begins. */
  async list(query: ListQuery, ...by: ReadBy): Promise<ListPage & { atomes: readonly Atome[] }> {
    const page = await this.queries.list(query, ...this.readerOf(by));
    return { ...page, atomes: page.rows.map(atomeOf) };
  }

  /** As {@link list}, each as JSON, which costs less. */
  async listText(query: ListQuery, principal: Principal): Promise<ListPage & { texts: readonly string[] }> {
    const page = await this.queries.list(query, requirePrincipal(principal));
    return { ...page, texts: page.rows.map(atomeText) };
  }

  /** How many atomes the reader may see by these filters; paging does not count. */
  async count(query: ListQuery, ...by: ReadBy): Promise<number> {
    return this.queries.count(query, ...this.readerOf(by));
  }

  /** Page 1 holds the newest alterations. A page of large ones may end early: the next is the one before its `next`. */
  async history(id: string, page: number | HistoryCursor, limit: number, ...by: ReadBy): Promise<HistoryPage> {
    return this.queries.history(parseId(id), { page, limit }, ...this.readerOf(by));
  }

  /** One parsed write, whichever way it came. */
  write(mutation: Mutation, context: WriteContext): Promise<WriteResult> {
    const checked = (): unknown => ({ ...mutation, changes: guardJson(mutation.changes, this.limits) });
    return this.take(() => checked() as Mutation, context);
  }

  protected async take(parse: (headers: WriteHeaders) => Mutation, context: WriteContext = {}): Promise<WriteResult> {
    const [caller, preconditions] = this.contextOf(context);
    const mutation = parse(context);
    const isOwn = context instanceof RequestContext;
    return this.writes.write(isOwn ? mutation : copyOf(mutation), caller, preconditions);
  }

  /** Who writes, and under which conditions. @throws AtomeError `invalid`, `unauthenticated` */
  private contextOf(context: WriteContext): [caller: Caller, preconditions: Preconditions | undefined] {
    this.transactions.requireOutside();
    // one that was named, even by mistake, is asked for: whoever it should have been may do less than everything
    const writer = 'principal' in context ? requirePrincipal(context.principal) : this.nobodyNamed();
    return [callerOf(writer, context.clientId ?? null), parsePreconditions(context)];
  }

  /** The application's own code, which asks on behalf of nobody, waits for its turn however long that takes. */
  private readerOf(by: ReadBy): [principal: Principal, waiting?: Waiting] {
    const principal = by.length > 0 ? requirePrincipal(by[0]) : this.nobodyNamed();
    return principal === ANONYMOUS || isSystem(principal) ? [principal, { isPatient: true }] : [principal];
  }

  /** Where callers are told apart, who forgets to say who acts must not get everything. */
  private nobodyNamed(): Principal {
    if (!this.options.knowsCallers) return ANONYMOUS;
    throw new AtomeError('unauthenticated', 'say who acts: pass a principal, or SYSTEM for the application itself');
  }
}
