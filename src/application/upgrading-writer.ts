import type { Outcome, WriteOrigin } from '../ledger/outcome.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { Outdated, type PreparedMutation } from '../ledger/write/prepared-mutation.js';
import type { AtomeError } from '../protocol/index.js';
import type { KindUpgrader, Upgraded } from './kind-upgrader.js';

/** How often a write is handed on again: a server of an older version may write beside. */
const MAX_ATTEMPTS = 5;

/**
 * The writer of the ledger, where schemas have versions: what would change an atome that an older one has left comes behind its
 * upgrade. What its author knows of the atome is what they were shown, which is what the upgrade has made of it.
 */
export class UpgradingWriter implements Pick<LedgerWriter, 'submit' | 'submitAll'> {
  constructor(
    private readonly writer: Pick<LedgerWriter, 'submit' | 'submitAll'>,
    private readonly upgrader: Pick<KindUpgrader, 'upgrade'>,
  ) {}

  async submit(tenant: string, mutation: PreparedMutation, origin: WriteOrigin): Promise<Outcome> {
    let [write, by] = [mutation, origin];
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.writer.submit(tenant, write, by);
      } catch (error) {
        if (!(error instanceof Outdated) || attempt === MAX_ATTEMPTS) throw error;
        const upgraded = await this.upgrader.upgrade(tenant, mutation.atomeId);
        write = upgraded ? behind(write, upgraded) : mutation;
        // they held for what was upgraded, and nothing may come in between
        const isHeld = by.preconditions && upgraded?.from === error.version;
        by = isHeld ? { ...origin, preconditions: undefined } : origin;
        if (isHeld) write = { ...write, preparedFor: { kind: upgraded.kind, version: upgraded.to } };
      }
    }
  }

  async submitAll(
    tenant: string,
    mutations: readonly PreparedMutation[],
    origin: WriteOrigin,
  ): Promise<(Outcome | AtomeError)[]> {
    const ids = new Set(mutations.map(({ atomeId }) => atomeId));
    let writes = mutations;
    for (let attempt = 1; ; attempt += 1) {
      const outcomes = await this.writer.submitAll(tenant, writes, origin);
      if (attempt === MAX_ATTEMPTS || !outcomes.some((each) => each instanceof Outdated)) return outcomes;
      // where one is old, others may be
      const upgrading = this.upgradeAll(tenant, ids);
      if (origin.within?.isExclusive) {
        // they wait for the transaction, which may not wait for them: the next one meets what they have made, or why they could not
        upgrading.catch(() => undefined);
        return outcomes;
      }
      const upgraded = await upgrading;
      writes = writes.map((write) => {
        const own = upgraded.get(write.atomeId);
        return own ? behind(write, own) : write;
      });
    }
  }

  private async upgradeAll(tenant: string, ids: Iterable<string>): Promise<Map<string, Upgraded>> {
    const upgraded = new Map<string, Upgraded>();
    for (const id of ids) {
      const own = await this.upgrader.upgrade(tenant, id);
      if (own) upgraded.set(id, own);
    }
    return upgraded;
  }
}

/** The same write, of an atome that has been brought up since. */
function behind(write: PreparedMutation, { from, to }: Upgraded): PreparedMutation {
  const { baseVersion, preparedFor } = write;
  return {
    ...write,
    baseVersion: baseVersion === from ? to : baseVersion,
    ...(preparedFor?.version === from && { preparedFor: { ...preparedFor, version: to } }),
  };
}
