import { Injectable } from '@nestjs/common';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import { requirePrincipal } from '../auth/authentication/principal.js';
import { VisibleAtomes, type AtomeText } from '../application/visible-atomes.js';
import { entityTag } from '../ledger/entity-tag.js';
import type { Outcome } from '../ledger/outcome.js';
import {
  LedgerReader,
  type HistoryPage,
  type HistoryCursor,
  type ListPage,
  type AsOf,
} from '../ledger/read/ledger-reader.js';
import { atomeOf, atomeText } from '../ledger/row-mapper.js';
import { Scrubber } from '../ledger/integrity/scrubber.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import type { ListQuery } from '../ledger/store.js';
import {
  ID_PATTERN,
  invalid,
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
  type Alteration,
  type AlterationBody,
  type AskedAccess,
  type Atome,
  type Content,
  type JsonObject,
  type JsonPatch,
  type JsonValue,
  type Mutation,
  type Principal,
  type RedactedAlteration,
} from '../protocol/index.js';
import { ResolvedOptions } from '../config/module-options.js';
import { parsePreconditions } from '../http/preconditions.js';

/** Who writes, through which client, and under which conditions. Everything may be left out. */
export interface WriteContext {
  /** Left out: an admin of the tenant `default`. One that is named, but is `undefined` or none, is refused. */
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

/** What a write has come to. */
export interface WriteResult {
  /** Id of the atome. */
  readonly id: string;
  /** Version of the atome after the write; for a no-op the one that it has. */
  readonly version: number;
  /** Position in the ledger: of the new alteration, or of the one that the answer repeats. */
  readonly seq: number;
  /** The entity tag of `atome`, good for a later `ifMatch`. */
  readonly etag: string;
  /** The whole atome at that version. */
  readonly atome: Atome;
  /** null for a no-op. */
  readonly alteration: Alteration | RedactedAlteration | null;
}

/** What a rename has come to, with both names; null for none. */
export interface RenameResult extends WriteResult {
  /** `data.name` before. */
  readonly oldName: JsonValue;
  /** `data.name` after. */
  readonly newName: JsonValue;
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

/** Who reads; left out: an admin of the tenant `default`. An `undefined` that is passed is refused. */
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
    private readonly reader: LedgerReader,
    private readonly visible: VisibleAtomes,
    private readonly writer: LedgerWriter,
    private readonly options: ResolvedOptions,
    private readonly scrubber: Scrubber,
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
    return this.parsed(() => parsePatchBody(id, patch, mediaType, context, this.options.limits), context);
  }

  /** Sets `data.name`. */
  async rename(
    id: string,
    input: { newName: string; reason?: string },
    context: WriteContext = {},
  ): Promise<RenameResult> {
    const principal = writerOf(context);
    const outcome = await this.submit(parseRenameBody(id, input, context, this.options.limits), context, principal);
    const result = await this.result(principal, outcome);
    const before = await this.before(principal.tenant, outcome, result);
    return { ...result, oldName: before.data.name ?? null, newName: result.atome.data.name ?? null };
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
    const mutation = parseDeleteBody(id, input, context, this.options.limits);
    const result = await this.write({ ...mutation, operation: 'redact', changes: {} }, context);
    this.scrubber.scrub();
    return result;
  }

  /** The atome as it is, or as it was. */
  async get(id: string, moment?: AsOf, ...by: ReadBy): Promise<Atome> {
    return this.visible.get(parseId(id), moment, readerOf(by));
  }

  /** As {@link get}, as JSON, which costs less: for those who only hand it on. */
  async getText(id: string, moment?: AsOf, ...by: ReadBy): Promise<AtomeText> {
    return this.visible.getText(parseId(id), moment, readerOf(by));
  }

  /** A page of the atomes that the reader may see, in the order of the query. `last` is where the next page begins. */
  async list(query: ListQuery, ...by: ReadBy): Promise<ListPage & { atomes: readonly Atome[] }> {
    const page = await this.visible.list(query, readerOf(by));
    return { ...page, atomes: page.rows.map(atomeOf) };
  }

  /** As {@link list}, each as JSON, which costs less. */
  async listText(query: ListQuery, principal: Principal): Promise<ListPage & { texts: readonly string[] }> {
    const page = await this.visible.list(query, requirePrincipal(principal));
    return { ...page, texts: page.rows.map(atomeText) };
  }

  /** How many atomes the reader may see by these filters; paging does not count. */
  async count(query: ListQuery, ...by: ReadBy): Promise<number> {
    return this.visible.count(query, readerOf(by));
  }

  /** Page 1 holds the newest alterations. A page of large ones may end early: the next is the one before its `next`. */
  async history(id: string, page: number | HistoryCursor, limit: number, ...by: ReadBy): Promise<HistoryPage> {
    return this.visible.history(parseId(id), page, limit, readerOf(by));
  }

  /** One parsed write, from any door. */
  write(mutation: Mutation, context: WriteContext): Promise<WriteResult> {
    return this.parsed(() => mutation, context);
  }

  /** What cannot be parsed rejects, as all else does that is refused. */
  private async parsed(parse: () => Mutation, context: WriteContext): Promise<WriteResult> {
    const principal = writerOf(context);
    return this.result(principal, await this.submit(parse(), context, principal));
  }

  private async submit(mutation: Mutation, context: WriteContext, principal: Principal): Promise<Outcome> {
    const sourceClient = context.clientId ?? null;
    if (sourceClient !== null && !ID_PATTERN.test(sourceClient)) {
      throw invalid([{ path: 'X-Client-Id', message: 'must be 1–128 characters of A–Z a–z 0–9 _ . : -' }]);
    }
    const preconditions = parsePreconditions(context);
    return this.writer.submit(principal.tenant, mutation, { principal, sourceClient, preconditions });
  }

  private async result(principal: Principal, outcome: Outcome): Promise<WriteResult> {
    switch (outcome.outcome) {
      case 'applied': {
        const { alteration, atome, prevHash, hash } = outcome.committed;
        const { atomeId: id, version, seq } = alteration;
        const etag = entityTag(outcome.epoch, atome);
        return { id, version, seq, etag, atome, alteration: chained(alteration, prevHash, hash) };
      }
      case 'noop': {
        const { atomeId: id, version, seq, atome } = outcome;
        return { id, version, seq, etag: entityTag(outcome.epoch, atome), atome, alteration: null };
      }
      case 'duplicate': {
        const { atomeId: id, version, seq, altered } = outcome;
        // what was one's own write may be hidden by now
        const atome = await this.visible.leftAt(id, version, principal);
        const alteration = altered ? await this.reader.alteration(principal.tenant, id, version) : undefined;
        return { id, version, seq, etag: entityTag(outcome.epoch, atome), atome, alteration: alteration ?? null };
      }
    }
  }

  /** The state that a write has met; only of a repetition it has to be read. */
  private async before(tenant: string, outcome: Outcome, { id, version, atome }: WriteResult): Promise<Atome> {
    if (outcome.outcome === 'applied') return outcome.previous!;
    const isRepeated = outcome.outcome === 'duplicate' && outcome.altered;
    return isRepeated ? this.reader.getAt(tenant, id, { version: version - 1 }) : atome;
  }
}

/** One that was named, even by mistake, is asked for: whoever it should have been may do less than everything. */
function writerOf(context: WriteContext): Principal {
  return 'principal' in context ? requirePrincipal(context.principal) : ANONYMOUS;
}

function readerOf(by: ReadBy): Principal {
  return by.length > 0 ? requirePrincipal(by[0]) : ANONYMOUS;
}

/** An alteration in its place in the chain; written out, as all objects of a write are (see `mutationOf`). */
function chained(alteration: AlterationBody, prevHash: string, hash: string): Alteration {
  const { atomeId, operation, changes, reason, author, sourceClient } = alteration;
  const { opId, hlc, superseded, seq, version, timestamp } = alteration;
  const fields = {
    atomeId,
    operation,
    changes,
    reason,
    author,
    sourceClient,
    opId,
    hlc,
    superseded,
    seq,
    version,
    timestamp,
    prevHash,
    hash,
  };
  // the operation and its changes come out of one alteration
  return fields as Alteration;
}
