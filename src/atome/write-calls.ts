import {
  jsonOf,
  MERGE_PATCH,
  parseAlterBody,
  parseCreateBody,
  parseDeleteBody,
  parsePatchBody,
  parseReplaceBody,
  parseRestoreBody,
  parseShareBody,
  type AskedAccess,
  type Content,
  type JsonObject,
  type JsonPatch,
  type KeyOperation,
  type Limits,
  type Mutation,
  type Principal,
  type WriteHeaders,
} from '../protocol/index.js';

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
  readonly operation: KeyOperation;
  /** `{ key: value }`, a JSON Merge Patch or a JSON Patch, `{ name }`, or `{ tags }`. */
  readonly changes: JsonObject | JsonPatch;
  /** Why; kept in the history. */
  readonly reason?: string;
  /** With `timestamp`, names the write where there is no opId, as the original client does. */
  readonly deviceId?: string;
  /** Milliseconds since 1970, or an ISO 8601 time. */
  readonly timestamp?: string | number;
}

/** The parts to set whole: one or more of `data, meta, kind, type, parentId`. */
export type ReplaceInput = Partial<Content> & { readonly reason?: string };

/** The application goes on with its objects before a write is decided. */
export function copyOf(mutation: Mutation): Mutation {
  return { ...mutation, changes: jsonOf(mutation.changes) } as Mutation;
}

/**
 * The writes that an application's code calls, whatever becomes of them. What they are given is kept as JSON has it: a member that
 * is undefined is left out, a date becomes its text; and as it is at the call. What JSON does not carry, such as a function, is
 * refused.
 */
export abstract class WriteCalls<Context, Result> {
  protected abstract readonly limits: Limits;

  /** What cannot be parsed rejects, as all else does that is refused. */
  protected abstract take(parse: (headers: WriteHeaders) => Mutation, context: Context | undefined): Promise<Result>;

  /**
   * Makes an atome. Repeated with the same content under its id it is the same write.
   * @throws AtomeError `exists` where the id is taken by another; `too_large`, `quota_exceeded`.
   * @example
   * ```ts
   * const { id, version } = await atomes.create({ kind: 'note', data: { title: 'My Note' } }, { principal });
   * ```
   */
  create(input: CreateInput, context?: Context): Promise<Result> {
    return this.take((headers) => parseCreateBody(input, headers, this.limits), context);
  }

  /**
   * Alters an atome key by key, and merges with what others have written meanwhile.
   * @throws AtomeError `not_found`, `gone`, `forbidden`, `patch_failed`, `precondition_failed`.
   */
  alter(id: string, input: AlterInput, context?: Context): Promise<Result> {
    return this.take((headers) => parseAlterBody(id, input, headers, this.limits), context);
  }

  /** Sets whole what is named. */
  replace(id: string, input: ReplaceInput, context?: Context): Promise<Result> {
    return this.take((headers) => parseReplaceBody(id, input, headers, this.limits), context);
  }

  /** JSON Merge Patch, or JSON Patch with its media type, on `data`. */
  patch(
    id: string,
    patch: JsonObject | JsonPatch,
    context?: Context,
    mediaType: string = MERGE_PATCH,
  ): Promise<Result> {
    return this.take((headers) => parsePatchBody(id, { body: patch, mediaType }, headers, this.limits), context);
  }

  /** Marks the atome as deleted; it can be restored. */
  delete(id: string, input: { reason?: string } = {}, context?: Context): Promise<Result> {
    return this.take((headers) => parseDeleteBody(id, input, headers, this.limits), context);
  }

  /** Writes the state of an earlier version as a new one. */
  restore(id: string, input: { version: number; reason?: string }, context?: Context): Promise<Result> {
    return this.take((headers) => parseRestoreBody(id, input, headers, this.limits), context);
  }

  /** Says who may see and alter the atome, besides its owner and admins. */
  share(id: string, input: { access: AskedAccess; reason?: string }, context?: Context): Promise<Result> {
    return this.take((headers) => parseShareBody(id, input, headers, this.limits), context);
  }
}
