import { entityTag } from '../ledger/entity-tag.js';
import type { Scrubber } from '../ledger/integrity/scrubber.js';
import { ownAtome, valueIn } from '../ledger/lazy-atome.js';
import { chained } from '../ledger/new-alteration.js';
import type { Outcome } from '../ledger/outcome.js';
import type { JoinedTransaction } from '../ledger/store.js';
import { tracing } from '../ledger/traces.js';
import type { Preconditions } from '../ledger/write/preconditions.js';
import type { Atome, AtomeError, JsonValue, Mutation } from '../protocol/index.js';
import type { AtomeQueries, ReaderOf } from './atome-queries.js';
import type { Caller } from './caller.js';
import type { PreparedWriter } from './prepared-writer.js';
import type { RenameResult, WriteResult } from './write-result.js';

/** Takes every parsed write, wherever it comes from: REST, WebSocket, push, or the code of an application. */
export class AtomeWrites {
  constructor(
    private readonly writer: PreparedWriter,
    private readonly readerOf: ReaderOf,
    private readonly queries: AtomeQueries,
    private readonly scrubber: Scrubber,
  ) {}

  /** Resolves when it is durable. @throws AtomeError when it is refused. */
  submit(mutation: Mutation, by: Caller, preconditions?: Preconditions): Promise<Outcome> {
    if (!tracing.by) return this.send(mutation, by, preconditions);
    return tracing.by.write(mutation.operation, (trace) => this.send(mutation, by, preconditions, trace));
  }

  /**
   * As {@link submit}, of several that are written together, or not at all.
   * @param within the transaction of the application's that they are a part of.
   * @returns what came of each: all are refused, or none is.
   */
  submitAll(
    mutations: readonly Mutation[],
    by: Caller,
    within?: JoinedTransaction,
  ): Promise<readonly (Outcome | AtomeError)[]> {
    if (!tracing.by) return this.sendAll(mutations, by, within);
    return tracing.by.write('batch', (trace) => this.sendAll(mutations, by, within, trace));
  }

  /** As {@link submit}, with the atome that it has come to. */
  async write(mutation: Mutation, caller: Caller, preconditions?: Preconditions): Promise<WriteResult> {
    return this.resultOf(await this.submit(mutation, caller, preconditions), caller);
  }

  /** As {@link write}, of a rename: with the names before and after it. */
  async rename(mutation: Mutation, caller: Caller, preconditions?: Preconditions): Promise<RenameResult> {
    const outcome = await this.submit(mutation, caller, preconditions);
    const result = await this.resultOf(outcome, caller);
    const before = await this.before(caller, outcome, result);
    return { ...result, oldName: nameOf(before), newName: nameOf(result.atome) };
  }

  /** Erases the payload of an atome and of all its alterations: `redact`, and then what the database still has of them. */
  async erase(mutation: Mutation, caller: Caller, preconditions?: Preconditions): Promise<Outcome> {
    const redact = { ...mutation, operation: 'redact', changes: {} } as const;
    const outcome = await this.submit(redact, caller, preconditions);
    this.scrubber.scrub();
    return outcome;
  }

  /** The atome that a write has come to. */
  async resultOf(outcome: Outcome, { principal }: Caller): Promise<WriteResult> {
    switch (outcome.outcome) {
      case 'applied': {
        const { alteration, prevHash, hash } = outcome.committed;
        const atome = ownAtome(outcome.committed.atome);
        const { atomeId: id, version, seq } = alteration;
        const etag = entityTag(outcome.epoch, atome);
        return { id, version, seq, etag, atome, alteration: chained(alteration, { prevHash, hash }) };
      }
      case 'noop': {
        const { atomeId: id, version, seq } = outcome;
        const atome = ownAtome(outcome.atome);
        return { id, version, seq, etag: entityTag(outcome.epoch, atome), atome, alteration: null };
      }
      case 'duplicate': {
        const { atomeId: id, version, seq, altered } = outcome;
        // what was one's own write may be hidden by now
        const atome = await this.queries.leftAt(id, version, principal);
        const reader = this.readerOf(principal);
        const alteration = altered ? await reader.alteration(id, version) : undefined;
        return { id, version, seq, etag: entityTag(outcome.epoch, atome), atome, alteration: alteration ?? null };
      }
    }
  }

  private send(mutation: Mutation, by: Caller, preconditions?: Preconditions, trace?: string): Promise<Outcome> {
    const { principal, clientId } = by;
    const origin = { principal, sourceClient: clientId, preconditions, trace };
    return this.writer.submit(principal.tenant, mutation, origin, by);
  }

  private sendAll(
    mutations: readonly Mutation[],
    by: Caller,
    within?: JoinedTransaction,
    trace?: string,
  ): Promise<readonly (Outcome | AtomeError)[]> {
    const { principal, clientId } = by;
    return this.writer.submitAll(principal.tenant, mutations, { principal, sourceClient: clientId, within, trace }, by);
  }

  /** The state that a write has met; only of a repetition it has to be read. */
  private async before({ principal }: Caller, outcome: Outcome, { id, version, atome }: WriteResult): Promise<Atome> {
    if (outcome.outcome === 'applied') return outcome.previous!;
    const isRepeated = outcome.outcome === 'duplicate' && outcome.altered;
    // what is erased or archived is what is left of it
    return isRepeated ? this.readerOf(principal).leftAt(id, version - 1) : atome;
  }
}

function nameOf(atome: Atome): JsonValue {
  return (valueIn({ document: 'data', keys: ['name'] }, atome) ?? null) as JsonValue;
}
