import type { Filter } from '../protocol/index.js';
import type { DoneAnswer } from '../protocol/messages/answers.js';

/* What calls about connections are answered. */

/** Who connects. */
export interface ClientPrincipal {
  readonly id: string;
  readonly roles: readonly string[];
  readonly groups?: readonly string[];
}

/** One connection of the tenant at this server. */
export interface ConnectedClient {
  readonly clientId: string;
  readonly principal: ClientPrincipal;
  readonly connectedAt: string;
  /** `range`: with cursors and perhaps a filter; `plain`: each event as a frame of its own; null for nothing. */
  readonly form: 'range' | 'plain' | null;
  readonly filter: ClientFilter;
  /** Of which lists of these only the first are told, and whether `where` is not, for their length; left out for none. */
  readonly cut?: readonly ('groups' | 'kinds' | 'types' | 'ids' | 'where')[];
  /** The cursor that it has been sent; null where it reads nothing. */
  readonly cursor: number | null;
  /** How many alterations it has not been shown yet. */
  readonly lag: number;
  /** Bytes that the network has not taken yet. */
  readonly unsentBytes: number;
  /** How many frames it has been sent. */
  readonly frames: number;
}

/** What it has asked for. */
export type ClientFilter = Pick<Filter, 'kinds' | 'types' | 'ids' | 'parentId'> & {
  /** As it was written. */
  readonly where?: unknown;
};

/** A page of those who are connected. */
export interface ClientsAnswer extends DoneAnswer {
  readonly data: readonly ConnectedClient[];
  /** How many there are on all pages. */
  readonly total: number;
  readonly nextCursor: string | null;
}

/** What has become of an alteration on the way to one connection. */
export type DeliveryState =
  'sent' | 'left' | 'waiting' | 'hidden' | 'filtered' | 'own' | 'before' | 'compacted' | 'not_subscribed';

/** A frame that held it. */
export interface DeliveryFrame {
  /** Which one of this reader it was, from 1 on. */
  readonly number: number;
  /** The cursor before it; null where that is not known any more. */
  readonly from: number | null;
  readonly to: number;
  readonly sentAt: string;
  /** Whether the other end has answered to a ping since. */
  readonly isAcknowledged: boolean;
}

/** What has become of it at one connection. */
export interface Delivery {
  readonly client: ConnectedClient;
  readonly state: DeliveryState;
  /** The same in a sentence. */
  readonly why: string;
  /** Which parts of the filter it is not in. */
  readonly notIn: readonly string[];
  /** null where it was not sent, or so long ago that it is not known. */
  readonly frame: DeliveryFrame | null;
  /** Up to where the other end has answered; null where that is not known. */
  readonly acknowledgedSeq: number | null;
}

/** Whether and why somebody was told of an alteration. */
export interface ExplainAnswer extends DoneAnswer {
  readonly seq: number;
  /** Head of the ledger. */
  readonly head: number;
  /** Who it is about; `isAssumed` where nobody of that name is connected here: then they are taken for a reader without groups. */
  readonly principal: ClientPrincipal & { readonly isAssumed: boolean };
  /** The alteration; null where the caller may know nothing of it, or it is not there. */
  readonly entry: {
    readonly atomeId: string;
    /** null, as its author and time, for who is told only that the atome has left. */
    readonly kind: string | null;
    readonly author: string | null;
    readonly type: string | null;
    readonly timestamp: string | null;
  } | null;
  /** By the rights of now; null where the entry is not there. */
  readonly right: {
    readonly visibility: 'shown' | 'hidden' | 'left' | 'withheld';
    readonly by: 'role' | 'application' | 'admin' | 'policy' | 'owner' | 'tenant' | 'named' | 'nobody';
  } | null;
  /** In a sentence. */
  readonly why: string;
  /** A page of their connections to this server. */
  readonly deliveries: readonly Delivery[];
  /** How many connections there are on all pages. */
  readonly connections: number;
  readonly nextCursor: string | null;
}
