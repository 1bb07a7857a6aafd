import type { Alteration, Atome, JsonObject, JsonPatch } from '../../../src/protocol/index.js';

/* What UnifiedAtome is asked and what it answers, beside `success`. */

/** Options of every write to an existing atome. */
export interface WriteOptions {
  /** Why, for the history. */
  readonly reason?: string | undefined;
  /** Refuse with `precondition_failed` unless the atome is at this version. */
  readonly baseVersion?: number | undefined;
}

export interface CreateInput {
  /** Default: made by the server. */
  readonly id?: string | undefined;
  readonly kind: string;
  readonly type?: string | null | undefined;
  readonly data: JsonObject;
  readonly meta?: JsonObject | undefined;
  readonly parentId?: string | null | undefined;
}

/** As of which moment to read; default: now. */
export interface GetOptions {
  readonly version?: number | undefined;
  /** A seq of the ledger, or a time. */
  readonly at?: number | string | Date | undefined;
}

export interface ListQuery {
  readonly kind?: string | undefined;
  readonly type?: string | undefined;
  readonly parentId?: string | undefined;
  readonly search?: string | undefined;
  readonly page?: number | undefined;
  readonly limit?: number | undefined;
  readonly sortBy?: string | undefined;
  readonly sortOrder?: 'asc' | 'desc' | undefined;
  /** `nextCursor` of the page before; cheaper than `page` far down. */
  readonly cursor?: string | undefined;
  readonly includeDeleted?: boolean | undefined;
  readonly count?: boolean | undefined;
}

/** One change; without an operation it is an `update`. */
export type AlterInput = WriteOptions &
  (
    | { readonly operation?: 'update' | undefined; readonly changes: JsonObject }
    | { readonly operation: 'patch'; readonly changes: JsonObject | JsonPatch }
    | { readonly operation: 'rename'; readonly changes: { readonly name: string } }
    | { readonly operation: 'tag'; readonly changes: { readonly tags: readonly string[] } }
    | {
        readonly operation: 'replace';
        readonly changes: Partial<Pick<Atome, 'kind' | 'type' | 'data' | 'meta' | 'parentId'>>;
      }
  );

export interface HistoryQuery {
  readonly page?: number | undefined;
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface Created {
  readonly id: string;
  readonly version: number;
  readonly seq: number;
  readonly atome: Atome;
}

export interface Got {
  readonly atome: Atome;
}

export interface Listed {
  readonly data: readonly Atome[];
  readonly total: number;
  readonly page: number;
  readonly pages: number;
  /** null on the last page. */
  readonly nextCursor: string | null;
}

export interface Altered {
  readonly id: string;
  readonly version: number;
  readonly seq: number;
  readonly atome: Atome;
  /** null when the write changed nothing. */
  readonly alteration: Alteration | null;
}

export interface Renamed extends Altered {
  readonly oldName: string | null;
  readonly newName: string;
}

export interface Deleted {
  readonly id: string;
  readonly deletedAt: string;
  readonly version: number;
  readonly restorable: true;
}

export interface History {
  readonly id: string;
  readonly currentVersion: number;
  readonly alterations: readonly Alteration[];
  readonly total: number;
  /** null on the last page. */
  readonly nextCursor: string | null;
}

export interface Restored {
  readonly id: string;
  readonly restoredToVersion: number;
  readonly newVersion: number;
  readonly data: JsonObject;
}
