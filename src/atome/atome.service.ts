import { Injectable } from '@nestjs/common';
import type { Waiting } from '../auth/admission/fair-slots.js';
import { ANONYMOUS, isSystem } from '../auth/authentication/anonymous.js';
import { requirePrincipal } from '../auth/authentication/principal.js';
import { AtomeQueries, type AtomeText } from '../application/atome-queries.js';
import { AtomeWrites } from '../application/atome-writes.js';
import { callerOf, type Caller } from '../application/caller.js';
import type { RenameResult, WriteResult } from '../application/write-result.js';
import type { AsOf, HistoryCursor, HistoryPage, ListPage } from '../ledger/read/ledger-reader.js';
import { atomeOf, atomeText } from '../ledger/row-mapper.js';
import type { Preconditions } from '../ledger/write/preconditions.js';
import type { ListQuery } from '../ledger/store.js';
import {
  AtomeError,
  MERGE_PATCH,
  parseAlterBody,
  parseCreateBody,
  parseDeleteBody,
  parseId,
  parsePatchBody,
  parseRenameBody,
  parseReplaceBody,
  parseRestoreBody,
  parseShareBody,
  type AskedAccess,
  type Atome,
  type Content,
  type JsonObject,
  type JsonPatch,
  type Mutation,
  type Principal,
} from '../protocol/index.js';
import { ResolvedOptions } from '../config/module-options.js';
import { parsePreconditions } from '../http/preconditions.js';

export type { RenameResult, WriteResult } from '../application/write-result.js';

/** Who writes, through which client, and under which conditions. Everything may be left out. */
export interface WriteContext {
  /**
   * Left out: everybody, who is an admin of the tenant `default`; refused where there is `jwt` or `authenticate`: `SYSTEM` is
   * the application itself. One that is named, but is `undefined` or none, is refused.
   */
  readonly principal?: Principal | undefined;
  /** The WebSocket client that gets no event of this write on a plain connection. */
  readonly clientId?: string | undefined;
  /** The opId: a repetition of the same write under it returns the first result. */
  readonly idempotencyKey?: string | undefined;
  /**
   * As the header of that name: the `etag` of an earlier result, `"v3"` for version 3, several of them with commas
   * between, or `*`. The write is refused with `precondition_failed` unless the atome is at one of them.
   */
  readonly ifMatch?: string | undefined;
  /** As the header: refuse with `precondition_failed` if the atome is at one of these; `*`: if there is one. */
  readonly ifNoneMatch?: string | undefined;
  /** As the header: a date of HTTP. */
  readonly ifUnmodifiedSince?: string | undefined;
}

/** A new atome; what is left out of its content is empty or null. */
export interface CreateInput extends Partial<Content> {
  /** 1–128 characters of `A–Z a–z 0–9 _ . : -`; left out: a UUID version 7. */
  readonly id?: string;
  /** What sort of thing it is: 1–64 characters of `A–Z a–z 0–9 _ . : -`. */
  readonly kind: string;
  /** Its content. */
  readonly data: JsonObject;
  /** Left out: as is usual for the kind, or all of the tenant. */
  readonly access?: AskedAccess;
}

/** One of the operations that alter an atome key by key. */
export interface AlterInput {
  /** `update` sets top-level keys of `data`; `patch` patches it; `rename` sets `data.name`, `tag` sets `meta.tags`. */
  readonly operation: 'update' | 'patch' | 'rename' | 'tag';
  /** `{ key: value }`, a JSON Merge Patch or a JSON Patch, `{ name }`, or `{ tags }`. */
  readonly changes: JsonObject | JsonPatch;
  /** Why; kept in the history. */
  readonly reason?: string;
  /** With `timestamp`, names the write where there is no opId, as the original client does. */
  readonly deviceId?: string;
  /** Milliseconds since 1970, or an ISO 8601 time. */
  readonly timestamp?: string | number;
}

/** Who reads; left out as for {@link WriteContext}. An `undefined` that is passed is refused. */
export type ReadBy = readonly [principal?: Principal];

/** The parts to set whole: one or more of `data, meta, kind, type, parentId`. */
export type ReplaceInput = Partial<Content> & { readonly reason?: string };

/**
 * The atomes, for REST and for the code of an application that imports `AtomeModule`. Every method refuses by
 * rejecting with an {@link AtomeError}, and throws nothing; a write resolves when it is durable.
 */
@Injectable()
export class AtomeService {
  constructor(
    private readonly queries: AtomeQueries,
    private readonly writes: AtomeWrites,
    private readonly options: ResolvedOptions,
  ) {}

  /**
   * Makes an atome. Repeated with the same content under its id it is the same write.
   * @throws AtomeError `exists` where the id is taken by another; `too_large`, `quota_exceeded`.
   * @example
   * ```ts
   * const { id, version } = await atomes.create({ kind: 'note', data: { title: 'My Note' } }, { principal });
   * ```
   */
  create(input: CreateInput, context: WriteContext = {}): Promise<WriteResult> {
    return this.parsed(() => parseCreateBody(input, context, this.options.limits), context);
  }

  /**
   * Alters an atome key by key, and merges with what others have written meanwhile.
   * @throws AtomeError `not_found`, `gone`, `forbidden`, `patch_failed`, `precondition_failed`.
   */
  alter(id: string, input: AlterInput, context: WriteContext = {}): Promise<WriteResult> {
    return this.parsed(() => parseAlterBody(id, input, context, this.options.limits), context);
  }

  /** Sets whole what is named. */
  replace(id: string, input: ReplaceInput, context: WriteContext = {}): Promise<WriteResult> {
    return this.parsed(() => parseReplaceBody(id, input, context, this.options.limits), context);
  }

  /** JSON Merge Patch, or JSON Patch with its media type, on `data`. */
  patch(
    id: string,
    patch: JsonObject | JsonPatch,
    context: WriteContext = {},
    mediaType: string = MERGE_PATCH,
  ): Promise<WriteResult> {
    return this.parsed(() => parsePatchBody(id, { body: patch, mediaType }, context, this.options.limits), context);
  }

  /** Sets `data.name`. */
  async rename(
    id: string,
    input: { newName: string; reason?: string },
    context: WriteContext = {},
  ): Promise<RenameResult> {
    const [caller, preconditions] = this.contextOf(context);
    return this.writes.rename(parseRenameBody(id, input, context, this.options.limits), caller, preconditions);
  }

  /** Marks the atome as deleted; it can be restored. */
  delete(id: string, input: { reason?: string } = {}, context: WriteContext = {}): Promise<WriteResult> {
    return this.parsed(() => parseDeleteBody(id, input, context, this.options.limits), context);
  }

  /** Writes the state of an earlier version as a new one. */
  restore(id: string, input: { version: number; reason?: string }, context: WriteContext = {}): Promise<WriteResult> {
    return this.parsed(() => parseRestoreBody(id, input, context, this.options.limits), context);
  }

  /** Says who may see and alter the atome, besides its owner and admins. */
  share(id: string, input: { access: AskedAccess; reason?: string }, context: WriteContext = {}): Promise<WriteResult> {
    return this.parsed(() => parseShareBody(id, input, context, this.options.limits), context);
  }

  /**
   * Erases the payload of an atome and of all its alterations, for good; for its owner and for admins.
   * It is deleted then, and its id cannot be used again.
   */
  async erase(id: string, input: { reason?: string } = {}, context: WriteContext = {}): Promise<WriteResult> {
    const [caller, preconditions] = this.contextOf(context);
    const mutation = parseDeleteBody(id, input, context, this.options.limits);
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
    return this.parsed(() => mutation, context);
  }

  /** What cannot be parsed rejects, as all else does that is refused. */
  private async parsed(parse: () => Mutation, context: WriteContext): Promise<WriteResult> {
    const [caller, preconditions] = this.contextOf(context);
    return this.writes.write(parse(), caller, preconditions);
  }

  /** Who writes, and under which conditions. @throws AtomeError `invalid`, `unauthenticated` */
  private contextOf(context: WriteContext): [caller: Caller, preconditions: Preconditions | undefined] {
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
