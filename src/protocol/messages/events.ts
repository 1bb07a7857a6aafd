import type { AlterationBody } from '../alteration.js';
import type { Atome } from '../atome.js';

/* What a reader is told of alterations. */

/** What every event tells about the alteration it stands for. */
interface EventBase {
  /** Position in the ledger. */
  readonly seq: number;
  /** Time of the commit, ISO 8601 in UTC. */
  readonly timestamp: string;
  /** `clientId` of the connection that wrote; null for none. */
  readonly sourceClient: string | null;
  /** The client's name for the write; null for none. */
  readonly opId: string | null;
  /** Keys on which the write lost; there only when some did. */
  readonly superseded?: readonly string[];
}

/** By a `create`. */
export interface AtomeCreated extends EventBase {
  readonly type: 'atome:created';
  /** The whole atome after the write. */
  readonly atome: Atome;
}

/** By a `replace`. */
export interface AtomeUpdated extends EventBase {
  readonly type: 'atome:updated';
  /** The whole atome after the write. */
  readonly atome: Atome;
}

/** By any other write to an atome that is there. */
export interface AtomeAltered extends EventBase {
  readonly type: 'atome:altered';
  /** Which atome. */
  readonly atomeId: string;
  /** What was changed, why and by whom. */
  readonly alteration: AlterationBody;
  /** The whole atome after the write. */
  readonly atome: Atome;
}

/**
 * By a write to keys, to who asked for deltas: what `alteration.changes` makes of the atome as it was at the version before.
 * Who does not have that subscribes again, without deltas.
 */
export interface AtomeDelta {
  readonly type: 'atome:delta';
  /** What was changed, why and by whom. */
  readonly alteration: AlterationBody;
  /** Position in the ledger. */
  readonly seq: number;
}

/** By a `delete`, or an erasure. */
export interface AtomeDeleted extends EventBase {
  readonly type: 'atome:deleted';
  /** Which atome. */
  readonly atomeId: string;
  /** Its payload has been erased for good: nothing of it may be kept. */
  readonly redacted?: true;
}

/** An atome that the reader had is no longer among what it asked for, or may see. */
export interface AtomeLeft {
  readonly type: 'atome:left';
  /** Which atome. */
  readonly atomeId: string;
  /** `filter`: it matches no longer; `access`: it may be read no longer. */
  readonly reason: 'filter' | 'access';
  /** Position in the ledger of what made it leave. */
  readonly seq: number;
}

/** What a reader is told of one alteration; told apart by `type`. */
export type AtomeEvent = AtomeCreated | AtomeUpdated | AtomeAltered | AtomeDeleted | AtomeLeft;
