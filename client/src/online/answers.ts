import type { Alteration, Atome, JsonObject, JsonPatch, Where } from '../../../src/protocol/index.js';
import type { Predicate } from '../query/query.js';

/* What UnifiedAtome is asked and what it answers, beside `success`. */

/** Options of every write to an existing atome. */
export interface WriteOptions {
  /** Why, for the history. */
  readonly reason?: string | undefined;
  /** Refuse with `precondition_failed` unless the atome is at this version. */
  readonly baseVersion?: number | undefined;
}

/** What a new atome is made of. */
export interface CreateInput {
  /** Default: made by the server. */
  readonly id?: string | undefined;
  /** What it is, such as `note`: 1 to 64 of `A-Z a-z 0-9 _ . : -`. */
  readonly kind: string;
  /** A finer sort within the kind; null for none. */
  readonly type?: string | null | undefined;
  /** The content, an object of JSON. */
  readonly data: JsonObject;
  /** What is about the content, such as `tags`. Default: empty. */
  readonly meta?: JsonObject | undefined;
  /** The atome that it belongs to; null for none. */
  readonly parentId?: string | null | undefined;
}

/** As of which moment to read; default: now. */
export interface GetOptions {
  /** As it was at this version, from 1 on. */
  readonly version?: number | undefined;
  /** A seq of the ledger, or a time. */
  readonly at?: number | string | Date | undefined;
}

/** Which atomes, in which order. Default: all, newest change first. */
export interface ListQuery {
  /** Of this kind. */
  readonly kind?: string | undefined;
  /** Of this type. */
  readonly type?: string | undefined;
  /** Under this parent; the text `null` for those without one. */
  readonly parentId?: string | undefined;
  /** With this text somewhere in `data`, at most 200 characters; upper and lower case are the same. */
  readonly search?: string | undefined;
  /** Those of which it is true. */
  readonly where?: Where | Predicate | undefined;
  /** From 1 on. Default 1. */
  readonly page?: number | undefined;
  /** Atomes a page, 1 to 500. Default 20. */
  readonly limit?: number | undefined;
  /** Field to order by. Default `updatedAt`. */
  readonly sortBy?: string | undefined;
  /** Default `desc`. */
  readonly sortOrder?: 'asc' | 'desc' | undefined;
  /** `nextCursor` of the page before; cheaper than `page` far down. */
  readonly cursor?: string | undefined;
  /** Also those that are deleted. Default false. */
  readonly includeDeleted?: boolean | undefined;
  /** Whether `total` and `pages` are counted: `'exact'` counts all, however many there are. Default true. */
  readonly count?: boolean | 'exact' | undefined;
}

/** One change; without an operation it is an `update`. */
export type AlterInput = WriteOptions &
  (
    | {
        /** What is done; `update` where none is named. */
        readonly operation?: 'update' | undefined;
        /** What it is done with, by operation: keys to set, a patch, a name, tags, or parts to set whole. */
        readonly changes: JsonObject;
      }
    | { readonly operation: 'patch'; readonly changes: JsonObject | JsonPatch }
    | { readonly operation: 'rename'; readonly changes: { readonly name: string } }
    | { readonly operation: 'tag'; readonly changes: { readonly tags: readonly string[] } }
    | {
        readonly operation: 'replace';
        readonly changes: Partial<Pick<Atome, 'kind' | 'type' | 'data' | 'meta' | 'parentId'>>;
      }
  );

/** Which page of a history. */
export interface HistoryQuery {
  /** From 1 on. Default 1. */
  readonly page?: number | undefined;
  /** Alterations a page, 1 to 500. Default 20. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** The answer to a `create`. */
export interface Created {
  /** Of the new atome. */
  readonly id: string;
  /** 1, or the one it had where the write was a repetition. */
  readonly version: number;
  /** Its number in the ledger. */
  readonly seq: number;
  /** The new atome. */
  readonly atome: Atome;
}

/** The answer to a `get`. */
export interface Got {
  /** As it is, or was at the time asked for. */
  readonly atome: Atome;
}

/** The answer to a `list`: one page. */
export interface Listed {
  /** The atomes of this page. */
  readonly data: readonly Atome[];
  /** How many there are on all pages; at least so many where `totalIsExact` is false. */
  readonly total: number;
  /** Is there where not all of them were counted. */
  readonly totalIsExact?: false;
  /** Which page this is, from 1 on. */
  readonly page: number;
  /** How many pages there are. */
  readonly pages: number;
  /** null on the last page. */
  readonly nextCursor: string | null;
}

/** The answer to an `alter` or `update`. */
export interface Altered {
  /** Of the atome. */
  readonly id: string;
  /** Its version after the write. */
  readonly version: number;
  /** The number of the write in the ledger. */
  readonly seq: number;
  /** The atome after the write. */
  readonly atome: Atome;
  /** null when the write changed nothing. */
  readonly alteration: Alteration | null;
}

/** The answer to a `rename`. */
export interface Renamed extends Altered {
  /** The name before; null where there was none. */
  readonly oldName: string | null;
  /** The name now. */
  readonly newName: string;
}

/** The answer to a `delete`. */
export interface Deleted {
  /** Of the atome. */
  readonly id: string;
  /** When, ISO 8601. */
  readonly deletedAt: string;
  /** Its version after the deletion. */
  readonly version: number;
  /** `restore` brings it back. */
  readonly restorable: true;
}

/** The answer to a `history`: one page. */
export interface History {
  /** Of the atome. */
  readonly id: string;
  /** The version that it has now. */
  readonly currentVersion: number;
  /** What was done, of this page. */
  readonly alterations: readonly Alteration[];
  /** How many alterations there are. */
  readonly total: number;
  /** null on the last page. */
  readonly nextCursor: string | null;
}

/** The answer to a `restore`. */
export interface Restored {
  /** Of the atome. */
  readonly id: string;
  /** The version whose state it has again. */
  readonly restoredToVersion: number;
  /** The version that it has now. */
  readonly newVersion: number;
  /** Its content now. */
  readonly data: JsonObject;
  /** The whole of it. */
  readonly atome: Atome;
  /** Place of the restoring in the ledger. */
  readonly seq: number;
}
