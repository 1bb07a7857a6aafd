import { AtomeError, type Mutation } from '../../protocol/index.js';
import type { Adopt } from './adopted-change.js';
import type { PendingAtome } from './pending-atome.js';
import type { Preconditions } from './preconditions.js';

/** What an atome was when a write to it was prepared; both are null where there was none. */
export interface PreparedFor {
  readonly kind: string | null;
  /** Left out: whichever. */
  readonly version?: number | null;
}

/** One write, parsed, and perhaps completed by the server. */
export type PreparedMutation = Mutation & {
  /** What its author has asked for, where that is another: a repetition is known by it. */
  readonly asked?: Mutation;
  readonly preparedFor?: PreparedFor;
  /** Why the application refuses it, unless it is the repetition of one that it has let pass. */
  readonly refusal?: AtomeError;
  /** Its own, where it is one of several. */
  readonly preconditions?: Preconditions | undefined;
  /** The application adds it to the write before it: it is written where that alters something. */
  readonly isAdded?: boolean;
  /** It brings the atome to the newest version of its kind's schema, whatever that makes of it. */
  readonly isUpgrade?: boolean;
  /** Another ledger has decided: this takes the place of the decision, and the change says nothing. */
  readonly adopt?: Adopt;
};

/** A write has met another atome than it was prepared for. */
export class Unprepared extends AtomeError {
  constructor() {
    super('unavailable', 'others write to this atome at the same time, again and again; try again');
  }
}

/** A write has met an atome that must be brought to the newest version of its kind's schema first. */
export class Outdated extends Unprepared {
  /** @param version which it is at. */
  constructor(readonly version: number) {
    super();
  }
}

/** @throws AtomeError `unavailable` where it must be prepared again; or what the application refuses it with. */
export function assertPrepared({ refusal, preparedFor }: PreparedMutation, target: PendingAtome | undefined): void {
  if (refusal) throw refusal;
  if (!preparedFor) return;
  const { kind, version } = target?.state ?? { kind: null, version: null };
  const isSame = preparedFor.version === undefined || preparedFor.version === version;
  if (preparedFor.kind !== kind || !isSame) throw new Unprepared();
}
