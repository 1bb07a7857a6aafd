import type { Alteration, RedactedAlteration } from '../alteration.js';
import type { Atome } from '../atome.js';
import type { ErrorBody } from '../errors.js';
import type { JsonObject, JsonValue } from '../json.js';
import type { Limits } from '../limits.js';
import type { Operation } from '../operations.js';
import type { AtomeEvent } from './events.js';
import type { Ack, Nack, SyncLive, SyncReset, WholeFrame } from './server-messages.js';

/* What calls are answered; `docs/openapi.json` is made of these types. */

/** It is done. */
export interface DoneAnswer {
  readonly success: true;
}

/** What a write to an atome has come to. */
interface WriteAnswer extends DoneAnswer {
  /** Which atome. */
  readonly id: string;
  /** Version of the atome after the write; of a no-op the one that it has. */
  readonly version: number;
  /** Position in the ledger; of a no-op that of the current version. */
  readonly seq: number;
}

/** A new atome. */
export interface CreatedAnswer extends WriteAnswer {
  /** The whole atome. */
  readonly atome: Atome;
}

/** An atome after a write. */
export interface WrittenAnswer extends WriteAnswer {
  /** The whole atome. */
  readonly atome: Atome;
  /** What was done; null when nothing changed. */
  readonly alteration: Alteration | RedactedAlteration | null;
}

/** An atome after a rename. */
export interface RenamedAnswer extends WrittenAnswer {
  /** `data.name` before; null for none. */
  readonly oldName: JsonValue;
  /** `data.name` after. */
  readonly newName: JsonValue;
}

/** An atome is deleted. */
export interface DeletedAnswer extends WriteAnswer {
  /** Since when; null where a newer write has kept it. */
  readonly deletedAt: string | null;
  /** `restore` brings it back. */
  readonly restorable: true;
}

/** An atome is erased. */
export interface ErasedAnswer extends WriteAnswer {
  /** Since when it is deleted. */
  readonly erasedAt: string | null;
}

/** An atome is as it was. */
export interface RestoredAnswer extends DoneAnswer {
  /** Which atome. */
  readonly id: string;
  /** The version whose state it has. */
  readonly restoredToVersion: number;
  /** The version that it has. */
  readonly newVersion: number;
  /** Its content. */
  readonly data: JsonObject;
  /** Position in the ledger. */
  readonly seq: number;
  /** The whole atome. */
  readonly atome: Atome;
}

/** The parts of an atome that `fields` names. */
export type AtomeParts = Partial<Atome>;

/** One atome. */
export interface AtomeAnswer extends DoneAnswer {
  /** The whole atome; with `fields` these parts of it. */
  readonly atome: Atome | AtomeParts;
}

/** A page of atomes. */
export interface ListAnswer extends DoneAnswer {
  /** Whole atomes; with `fields` these parts of them. */
  readonly data: readonly (Atome | AtomeParts)[];
  /** How many there are on all pages; null where nobody asked. */
  readonly total: number | null;
  /** There are at least so many. */
  readonly totalIsExact?: false;
  /** Which page, from 1 on. */
  readonly page: number;
  /** How many pages; null where nobody asked. */
  readonly pages: number | null;
  /** Leads to the next page; null on the last. */
  readonly nextCursor: string | null;
}

/** A page of the history of an atome. */
export interface HistoryAnswer extends DoneAnswer {
  /** Which atome. */
  readonly id: string;
  /** The version that it has. */
  readonly currentVersion: number;
  /** Newest first. */
  readonly alterations: readonly (Alteration | RedactedAlteration)[];
  /** How many there are. */
  readonly total: number;
  /** Which page, from 1 on. */
  readonly page: number;
  /** How many pages. */
  readonly pages: number;
  /** Leads to the next page; null on the last. */
  readonly nextCursor: string | null;
  /** Versions up to this one are in an archive, and no longer here; left out: none is. */
  readonly archivedTo?: number;
}

/** What has changed behind a cursor. */
export interface ChangesAnswer extends DoneAnswer, Omit<WholeFrame, 'type'> {
  /** Identity of the ledger. */
  readonly epoch: string;
  /** Head of the ledger. */
  readonly head: number;
  /** What the reader may see, as an opaque text to ask with again. */
  readonly rights: string;
}

/** What a stream of server-sent events has as data. */
export type StreamedEvent = AtomeEvent | SyncLive | SyncReset;

/** What became of the writes of a push, in their order. */
export interface PushAnswer extends DoneAnswer {
  readonly results: readonly (Ack | Nack)[];
}

/** What came of the write to one atome of a batch. */
export type BatchRecord = {
  /** Its place in the batch, from 0. */
  readonly at: number;
} & (
  | { readonly id: string; readonly version: number; readonly seq: number }
  | { readonly id: string | null; readonly error: ErrorBody }
);

/** What a batch has come to. */
export interface BatchSummary {
  /** How many are written. */
  readonly done: number;
  /** How many were refused. */
  readonly refused: number;
  /** Whether there may be atomes that were not reached. */
  readonly more: boolean;
  /** Why it has ended early: the same batch, sent again under its key, goes on. */
  readonly error?: ErrorBody;
}

/** What a batch has come to, and what came of each atome. */
export interface BatchAnswer extends DoneAnswer, BatchSummary {
  readonly results: readonly BatchRecord[];
}

/** The last of some lines: without it they are not all. */
export interface LinesEnd {
  /** How many lines there are between the first and this one. */
  readonly count: number;
  /** SHA-256 of those, in hex. */
  readonly digest: string;
}

/** The first of some lines: of which ledger, and up to where. */
export interface LinesHead {
  /** Identity of the ledger. */
  readonly epoch: string;
  /** Up to here. */
  readonly seq: number;
  /** Chain hash at `seq`. */
  readonly hash: string;
}

/** A line of a snapshot. */
export type SnapshotLine = (LinesHead & { readonly rights: string }) | Atome | ErasedAtome | LinesEnd;

/** An atome whose payload is gone for good, whenever that was. */
export interface ErasedAtome {
  readonly id: string;
  readonly redacted: true;
}

/** A line of what comes of a batch, while it is under way. */
export type BatchLine = Readonly<Record<string, never>> | BatchRecord | BatchSummary | LinesEnd;

/** Who did what, when, from where and why: an alteration without what it changed. */
export interface AuditLine {
  /** Position in the ledger. */
  readonly seq: number;
  /** Which atome. */
  readonly atomeId: string;
  /** Version of the atome that it made. */
  readonly version: number;
  /** What it did. */
  readonly operation: Operation;
  /** Why, in the words of who wrote; null for none. */
  readonly reason: string | null;
  /** Id of the principal who wrote. */
  readonly author: string;
  /** `clientId` of the connection that wrote; null for none. */
  readonly sourceClient: string | null;
  /** The client's name for the write; null for none. */
  readonly opId: string | null;
  /** Stamp that decides between concurrent writes. */
  readonly hlc: string;
  /** Time of the commit. */
  readonly timestamp: string;
  /** Chain hash. */
  readonly hash: string;
  /** Kind of the atome as it is now. */
  readonly kind: string;
  /** Its payload has been erased. */
  readonly redacted?: true;
}

/** A page of the audit trail. */
export interface AuditAnswer extends DoneAnswer {
  readonly data: readonly AuditLine[];
  /** Leads to the next page, also where this one is empty; null at the end. */
  readonly nextCursor: number | null;
}

/** A line of the whole audit trail. */
export type AuditTrailLine = LinesHead | AuditLine | LinesEnd;

/** A line of all that the ledger holds of somebody. */
export type ExportLine =
  | (LinesHead & { readonly principal: string; readonly tenant: string })
  | { readonly type: 'atome'; readonly atome: Atome }
  | { readonly type: 'alteration'; readonly alteration: Alteration | RedactedAlteration }
  | { readonly type: 'authored'; readonly alteration: Omit<AuditLine, 'hash' | 'kind' | 'redacted'> }
  | LinesEnd;

/** All that the ledger holds of somebody as one value, for the original client. */
export interface ExportedAnswer extends DoneAnswer {
  readonly format: 'json';
  /** Whose it is. */
  readonly principal: string;
  /** Identity of the ledger. */
  readonly epoch: string;
  /** Up to here. */
  readonly seq: number;
  readonly exportedAt: string;
  /** Atomes with their history. */
  readonly data: readonly (Atome & { readonly alterations: readonly (Alteration | RedactedAlteration)[] })[];
  /** What they have written to atomes of others; left out where only some kinds are asked for. */
  readonly authored?: readonly Omit<AuditLine, 'hash' | 'kind' | 'redacted'>[];
}

/** What became of the atomes that somebody owns. */
export interface DeletedAllAnswer extends DoneAnswer {
  /** How many atomes this call has erased. */
  readonly erased: number;
  /** False: there may be more; repeat the call. */
  readonly complete: boolean;
  /** How many were left alone, because their owner may not erase them; left out for none. */
  readonly kept?: number;
}

/** What a client may want to know before it connects. */
export interface ServerInfoAnswer extends DoneAnswer {
  readonly name: string;
  /** Of the server. */
  readonly version: string;
  /** Version of the contract. */
  readonly protocol: number;
  /** Path of the WebSocket. */
  readonly wsPath: string;
  /** Whether it is found out who calls. */
  readonly authRequired: boolean;
  /** Whether one can register and log in here, see `/api/auth`. */
  readonly accounts: boolean;
  /** Time of the server. */
  readonly serverTime: string;
  /** Bounds on what a client may send. */
  readonly limits: Limits;
  /** Identity of the ledger; this and the next are there for those of a tenant. */
  readonly epoch?: string;
  /** Head of the ledger. */
  readonly seq?: number;
  /** What the caller may see, as an opaque text. */
  readonly rights?: string;
  /** Connections of the tenant on this process. */
  readonly connectedClients?: number;
}
