import type { KindRegistry } from '../kinds/kind-registry.js';
import type { Outcome, WriteOrigin } from '../ledger/outcome.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import type { AtomeError, Mutation } from '../protocol/index.js';

/** The writer of the ledger, for writes that are still to be completed by what is known of their kind. */
export class PreparedWriter {
  constructor(
    private readonly writer: LedgerWriter,
    private readonly kinds: KindRegistry | undefined,
  ) {}

  /** As that of the writer. */
  submit(tenant: string, mutation: Mutation, origin: WriteOrigin): Promise<Outcome> {
    return this.writer.submit(tenant, this.kinds ? this.kinds.complete(mutation) : mutation, origin);
  }

  /** As that of the writer. */
  submitAll(tenant: string, mutations: readonly Mutation[], origin: WriteOrigin): Promise<(Outcome | AtomeError)[]> {
    const { kinds } = this;
    const completed = kinds ? mutations.map((mutation) => kinds.complete(mutation)) : mutations;
    return this.writer.submitAll(tenant, completed, origin);
  }
}
