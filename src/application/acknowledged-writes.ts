import type { Outcome } from '../ledger/outcome.js';
import type { LedgerReader } from '../ledger/read/ledger-reader.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
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
import { toAtomeError } from '../http/problem.js';

/** How late the echo of a write may come that does not say which version it has made, in milliseconds and in versions. */
const ECHO_MS = 60_000;
const ECHOED = 16;

/** Whose write it is. */
export interface Caller {
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
  async mutate(mutation: Mutate['mutation'], caller: Caller): Promise<Ack | Nack> {
    try {
      return ackOf(mutation.opId, await this.submit(mutation, caller));
    } catch (error) {
      return nackOf(mutation.opId, this.refusal(error));
    }
  }

  /**
   * A message of the original client. What REST has just committed comes back as an echo and adds nothing.
   * It knows no acks, so it is answered only when it names its write, or is refused.
   */
  async legacy({ mutation, version }: LegacyWrite, caller: Caller): Promise<ServerMessage | undefined> {
    const { opId } = mutation;
    try {
      if (version !== null && (await this.isEcho(mutation, version, caller.principal))) return undefined;
      if (opId === null && (await this.isLateEcho(mutation, caller.principal))) return undefined;
      const outcome = await this.submit(mutation, caller);
      return opId === null ? undefined : ackOf(opId, outcome);
    } catch (error) {
      const refusal = this.refusal(error);
      const { code, message, details } = refusal;
      return opId === null ? { type: 'error', code, message, ...(details && { details }) } : nackOf(opId, refusal);
    }
  }

  private submit(mutation: Mutation, { principal, clientId }: Caller): Promise<Outcome> {
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

  /**
   * Whether the author has made the same change by REST a moment ago, through no client that is known. A deletion is
   * announced without its version, and two servers count versions apart.
   */
  private async isLateEcho({ atomeId, operation, changes }: Mutation, principal: Principal): Promise<boolean> {
    if (operation === 'create' || operation === 'replace' || operation === 'restore') return false;
    const { tenant, id } = principal;
    const standing = await this.reader.standing(tenant, atomeId);
    // the writer refuses both in the same words
    if (!standing || !this.visible.mayRead(principal, standing)) return false;
    const atome = await this.reader.find(tenant, atomeId);
    const since = new Date(Date.now() - ECHO_MS).toISOString();
    const recent = await this.reader.versions(tenant, atomeId, Math.max(1, atome.version - ECHOED), atome.version);
    return recent.some(
      (made) =>
        made.author === id &&
        made.sourceClient === null &&
        made.operation === operation &&
        made.timestamp > since &&
        equalJson(made.changes, changes),
    );
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
