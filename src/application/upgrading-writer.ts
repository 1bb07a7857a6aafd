import type { Outcome, WriteOrigin } from '../ledger/outcome.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { Outdated, type PreparedMutation } from '../ledger/write/prepared-mutation.js';
import type { AtomeError } from '../protocol/index.js';
import type { KindUpgrader } from './kind-upgrader.js';

/** How often a write is handed on again: a server of an older version may write beside. */
const MAX_ATTEMPTS = 5;

/**
 * The writer of the ledger, where schemas have versions: what would change an atome that an older one has left comes behind its
 * upgrade.
 */
export class UpgradingWriter implements Pick<LedgerWriter, 'submit' | 'submitAll'> {
  constructor(
    private readonly writer: Pick<LedgerWriter, 'submit' | 'submitAll'>,
    private readonly upgrader: Pick<KindUpgrader, 'upgrade'>,
  ) {}

  async submit(tenant: string, mutation: PreparedMutation, origin: WriteOrigin): Promise<Outcome> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.writer.submit(tenant, mutation, origin);
      } catch (error) {
        if (!(error instanceof Outdated) || attempt === MAX_ATTEMPTS) throw error;
      }
      await this.upgrader.upgrade(tenant, mutation.atomeId);
    }
  }

  async submitAll(
    tenant: string,
    mutations: readonly PreparedMutation[],
    origin: WriteOrigin,
  ): Promise<(Outcome | AtomeError)[]> {
    // one after the other is found to be old
    for (let attempt = 1; ; attempt += 1) {
      const outcomes = await this.writer.submitAll(tenant, mutations, origin);
      const outdated = outcomes.findIndex((each) => each instanceof Outdated);
      if (outdated < 0 || attempt === MAX_ATTEMPTS + mutations.length) return outcomes;
      const upgraded = this.upgrader.upgrade(tenant, mutations[outdated]!.atomeId);
      if (!origin.within?.isExclusive) await upgraded;
      else {
        // it waits for the transaction, which may not wait for it: the next one meets what it has made, or why it could not
        upgraded.catch(() => undefined);
        return outcomes;
      }
    }
  }
}
