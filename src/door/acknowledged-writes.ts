import type { Outcome } from '../ledger/outcome.js';
import type { LedgerReader } from '../ledger/reader.js';
import type { LedgerWriter } from '../ledger/writer.js';
import {
  contentOf,
  equalJson,
  type Ack,
  type AtomeError,
  type LegacyWrite,
  type Mutate,
  type Mutation,
  type Nack,
  type Principal,
  type ServerMessage,
} from '../protocol/index.js';
import type { VisibleAtomes } from './visible-atomes.js';
import { toAtomeError } from './problem.js';

/** Whose write it is. */
export interface Writing {
  readonly clientId: string | null;
  readonly principal: Principal;
}

/** Writes that come over a socket or in a push: each gets an `ack` or a `nack`. */
export class AcknowledgedWrites {
  constructor(
    private readonly writer: LedgerWriter,
    private readonly reader: LedgerReader,
    private readonly visible: VisibleAtomes,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Never rejects. */
  async mutate(mutation: Mutate['mutation'], by: Writing): Promise<Ack | Nack> {
    try {
      return ackOf(mutation.opId, await this.submit(mutation, by));
    } catch (error) {
      return nackOf(mutation.opId, this.refusal(error));
    }
  }

  /**
   * A message of the original client. What REST has just committed comes back as an echo and adds nothing.
   * It knows no acks, so it is answered only when it names its write, or is refused.
   */
  async legacy({ mutation, version }: LegacyWrite, by: Writing): Promise<ServerMessage | undefined> {
    const { opId } = mutation;
    try {
      if (version !== null && (await this.isEcho(mutation, version, by.principal))) return undefined;
      const outcome = await this.submit(mutation, by);
      return opId === null ? undefined : ackOf(opId, outcome);
    } catch (error) {
      const refusal = this.refusal(error);
      const { code, message, details } = refusal;
      return opId === null ? { type: 'error', code, message, ...(details && { details }) } : nackOf(opId, refusal);
    }
  }

  private submit(mutation: Mutation, { principal, clientId }: Writing): Promise<Outcome> {
    return this.writer.submit(principal.tenant, mutation, { principal, sourceClient: clientId });
  }

  /** Whether the version that a message speaks of is there already, and says the same. */
  private async isEcho({ atomeId, ...change }: Mutation, version: number, principal: Principal): Promise<boolean> {
    const { tenant } = principal;
    // silence would tell what is in an atome that may not be read, and so would the time it takes to read it
    const standing = await this.reader.standing(tenant, atomeId);
    if (!standing || !this.visible.mayRead(principal, standing)) return false;
    const committed = await this.reader.alteration(tenant, atomeId, version);
    if (!committed) return false;
    if (change.operation === 'restore') return committed.operation === 'restore';
    if (change.operation !== 'create' && change.operation !== 'replace') {
      return committed.operation === change.operation && equalJson(committed.changes, change.changes);
    }
    const state = await this.reader.stateAt(tenant, atomeId, version);
    const content = state && { ...contentOf(state), access: state.access ?? 'tenant' };
    return content !== undefined && equalJson(content, { ...content, ...change.changes });
  }

  private refusal(error: unknown): AtomeError {
    const refusal = toAtomeError(error);
    if (refusal.code === 'internal') this.onError(refusal.cause ?? error);
    return refusal;
  }
}

/** The receipt of a write. */
export function ackOf(opId: string, outcome: Outcome): Ack {
  if (outcome.outcome !== 'applied') {
    const { atomeId, seq, version } = outcome;
    const superseded = outcome.outcome === 'duplicate' ? outcome.superseded : [];
    const ack = accepted(opId, atomeId, seq, version, superseded);
    return outcome.outcome === 'duplicate' ? { ...ack, duplicate: true } : ack;
  }
  const { atomeId, seq, version, superseded } = outcome.committed.alteration;
  return accepted(opId, atomeId, seq, version, superseded);
}

function accepted(opId: string, atomeId: string, seq: number, version: number, superseded: readonly string[]): Ack {
  const ack: Ack = { type: 'ack', opId, atomeId, seq, version };
  return superseded.length > 0 ? { ...ack, superseded } : ack;
}

export function nackOf(opId: string, error: AtomeError): Nack {
  return { type: 'nack', opId, error: error.toBody() };
}
