import { REFUSALS } from '../ledger/signals.js';
import type { Outcome } from '../ledger/outcome.js';
import {
  type Ack,
  AtomeError,
  type CompatWrite,
  type Mutate,
  type Nack,
  type ServerMessage,
} from '../protocol/index.js';
import { toAtomeError } from '../http/problem.js';
import type { AtomeWrites } from './atome-writes.js';
import type { Caller } from './caller.js';
import type { Echoes } from './echoes.js';
import type { WriteSafety } from './write-safety.js';

/** Writes that come over a socket or in a push: each gets an `ack` or a `nack`. */
export class AcknowledgedWrites {
  constructor(
    private readonly writes: AtomeWrites,
    private readonly echoes: Echoes,
    private readonly safety: WriteSafety,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Never rejects. */
  async mutate(mutation: Mutate['mutation'], caller: Caller): Promise<Ack | Nack> {
    try {
      return this.safe(ackOf(mutation.opId, await this.writes.submit(mutation, caller)), caller);
    } catch (error) {
      return nackOf(mutation.opId, this.refusal(error));
    }
  }

  /** As {@link mutate}, of several that are written together, or not at all. */
  async mutateAll(mutations: readonly Mutate['mutation'][], caller: Caller): Promise<(Ack | Nack)[]> {
    try {
      const outcomes = await this.writes.submitAll(mutations, caller);
      // one refusal has refused the others: it alone is told of
      const refused = outcomes.find(
        (outcome) => outcome instanceof AtomeError && outcome.details?.refused === undefined,
      );
      if (refused instanceof AtomeError) this.refusal(refused);
      return outcomes.map((outcome, at) => {
        const { opId } = mutations[at]!;
        return outcome instanceof AtomeError ? nackOf(opId, outcome) : this.safe(ackOf(opId, outcome), caller);
      });
    } catch (error) {
      const refusal = this.refusal(error);
      return mutations.map(({ opId }) => nackOf(opId, refusal));
    }
  }

  /**
   * A message of the original client. What REST has just committed comes back as an echo and adds nothing.
   * It knows no acks, so it is answered only when it names its write, or is refused.
   */
  async compat(write: CompatWrite, caller: Caller): Promise<ServerMessage | undefined> {
    const { opId } = write.mutation;
    try {
      const echoed = await this.echoes.echoed(write, caller);
      if (echoed) return opId === null ? undefined : duplicateOf(opId, echoed);
      const outcome = await this.writes.submit(write.mutation, caller);
      if (outcome.outcome === 'applied') this.echoes.remember(caller.principal, outcome.committed.alteration);
      return opId === null ? undefined : this.safe(ackOf(opId, outcome), caller);
    } catch (error) {
      const refusal = this.refusal(error);
      const { code, message, details } = refusal;
      return opId === null ? { type: 'error', code, message, ...(details && { details }) } : nackOf(opId, refusal);
    }
  }

  private safe(ack: Ack, { principal: { tenant } }: Caller): Ack {
    const safe = this.safety.of(tenant, ack.seq);
    return safe === undefined ? ack : { ...ack, safe };
  }

  private refusal(error: unknown): AtomeError {
    const refusal = toAtomeError(error);
    if (refusal.code === 'internal') this.onError(refusal.cause ?? error);
    if (REFUSALS.hasSubscribers) REFUSALS.publish({ entryPoint: 'socket', code: refusal.code });
    return refusal;
  }
}

/** What an `ack` tells of the alteration that a write came to. */
interface Receipt {
  readonly atomeId: string;
  readonly seq: number;
  readonly version: number;
  /** Left out where the write has altered nothing. */
  readonly superseded?: readonly string[];
}

/** The receipt of a write. */
function ackOf(opId: string, outcome: Outcome): Ack {
  switch (outcome.outcome) {
    case 'applied':
      return accepted(opId, outcome.committed.alteration);
    case 'duplicate':
      return duplicateOf(opId, outcome);
    case 'noop':
      return accepted(opId, outcome);
  }
}

function duplicateOf(opId: string, first: Receipt): Ack {
  return { ...accepted(opId, first), duplicate: true };
}

function accepted(opId: string, { atomeId, seq, version, superseded }: Receipt): Ack {
  const ack: Ack = { type: 'ack', opId, atomeId, seq, version };
  return superseded !== undefined && superseded.length > 0 ? { ...ack, superseded } : ack;
}

export function nackOf(opId: string, error: AtomeError): Nack {
  return { type: 'nack', opId, error: error.toBody() };
}
