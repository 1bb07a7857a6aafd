import { systemOf } from '../auth/authentication/anonymous.js';
import { patchBetween, SCHEMA_VERSION } from '../kinds/schema-upgrades.js';
import type { KindRegistry } from '../kinds/kind-registry.js';
import { elapse } from '../ledger/elapse.js';
import type { AtomeRow } from '../ledger/rows.js';
import type { ListQuery } from '../ledger/store.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { Unprepared, type PreparedMutation } from '../ledger/write/prepared-mutation.js';
import { undecidable } from '../ledger/write/undecidable.js';
import { AtomeError, isRedacted, type AtomeState, type Condition, type JsonObject } from '../protocol/index.js';
import type { ReaderOf } from './atome-queries.js';

/** How many are brought up at once, behind the writes of others. */
const AT_ONCE = 32;
/** How long it waits where the server has no room for it, in milliseconds. */
const REST_MS = 1_000;
/** How often it rests for one atome. */
const MAX_RESTS = 60;
/** How often one atome is looked at again that others write to meanwhile. */
const MAX_ATTEMPTS = 5;

/** What it reads and writes. */
interface Ledgers {
  readonly tenants: () => Promise<string[]>;
  readonly readerOf: ReaderOf;
  readonly writer: Pick<LedgerWriter, 'submit'>;
}

/** What an upgrade has made of an atome. */
export interface Upgraded {
  readonly kind: string;
  /** The versions before it and after it. */
  readonly from: number;
  readonly to: number;
}

/** Whom it tells. */
interface Report {
  readonly done: (line: string) => void;
  readonly failed: (cause: string, line: string) => void;
}

/**
 * Brings atomes to the newest version of their kind's schema: by a write of the application's own, that each reader and each
 * history has. All of them from the start of the server on, one that is written to before that write, and what is read
 * meanwhile as it is read. The ledger is never rewritten.
 */
export class KindUpgrader {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly kinds: KindRegistry | undefined,
    private readonly ledgers: Ledgers,
    private readonly report: Report,
  ) {}

  /** Whether any kind has a schema with versions. */
  get isNeeded(): boolean {
    return (this.kinds?.upgraded.length ?? 0) > 0;
  }

  /** The row as the newest version of its kind's schema has it; as it is where that cannot be made. */
  shown = <Row extends AtomeRow>(row: Row): Row => {
    if (!this.kinds?.hasVersions(row.kind)) return row;
    const data = JSON.parse(row.data) as JsonObject;
    try {
      const upgraded = this.kinds.upgradedData({ kind: row.kind, data });
      return upgraded === data ? row : { ...row, data: JSON.stringify(upgraded) };
    } catch (error) {
      this.tell(row.kind, row.id, error);
      return row;
    }
  };

  /** Begins with the atomes of all tenants, beside everything else. */
  start(): void {
    if (this.isNeeded) this.running = this.upgradeAll();
  }

  /** Resolves when nothing is under way; what is left is gone on with at the next start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /**
   * Brings one atome up; undefined where there is nothing to do.
   * @throws AtomeError where the application's upgrade fails, or the ledger takes nothing.
   */
  async upgrade(tenant: string, id: string): Promise<Upgraded | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const system = systemOf(tenant);
      const state = await this.ledgers.readerOf(system).state(id).catch(missing);
      if (state?.deletedAt !== null || isRedacted(state)) return undefined;
      const mutation = this.mutationOf(state);
      if (!mutation) return undefined;
      try {
        const { kind, version: from } = state;
        const outcome = await this.ledgers.writer.submit(tenant, mutation, { principal: system, sourceClient: null });
        return outcome.outcome === 'applied' ? { kind, from, to: outcome.committed.alteration.version } : undefined;
      } catch (error) {
        if (!(error instanceof Unprepared) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  private mutationOf(state: AtomeState): PreparedMutation | undefined {
    const { id, kind, version, data } = state;
    const upgraded = this.upgradedData(state);
    if (upgraded === data) return undefined;
    return {
      operation: 'patch',
      atomeId: id,
      changes: patchBetween(data, upgraded),
      opId: null,
      baseVersion: null,
      hlc: null,
      reason: `schema version ${upgraded[SCHEMA_VERSION] as number}`,
      isUpgrade: true,
      preparedFor: { kind, version },
    };
  }

  private upgradedData(state: AtomeState): JsonObject {
    try {
      return this.kinds?.upgradedData(state) ?? state.data;
    } catch (error) {
      this.tell(state.kind, state.id, error);
      throw undecidable(error);
    }
  }

  private async upgradeAll(): Promise<void> {
    try {
      for (const tenant of await this.ledgers.tenants()) {
        for (const [kind, version] of this.kinds?.upgraded ?? []) {
          if (this.stopping.signal.aborted) return;
          await this.upgradeKind(tenant, kind, version);
        }
      }
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      const line = `atomes were not brought to their newest schema: ${String(error)}; the next start goes on`;
      this.report.failed('upgrades', line);
    }
  }

  private async upgradeKind(tenant: string, kind: string, version: number): Promise<void> {
    const reader = this.ledgers.readerOf(systemOf(tenant), { isPatient: true });
    let count = 0;
    let after: ListQuery['after'];
    do {
      const query = { kind, where: olderThan(version), includeDeleted: false, sortBy: 'id', sortOrder: 'asc' } as const;
      const { rows, last } = await reader.list({ ...query, limit: AT_ONCE, offset: 0, after });
      const done = await Promise.all(rows.map(({ id }) => this.upgradePatiently(tenant, kind, id)));
      count += done.filter(Boolean).length;
      after = last && { value: last.id, id: last.id };
    } while (after && !this.stopping.signal.aborted);
    if (count > 0) this.report.done(`${count} atomes of "${kind}" are of schema version ${version} now (${tenant})`);
  }

  /** Waits where the server has no room; what cannot be helped is told, and left. */
  private async upgradePatiently(tenant: string, kind: string, id: string): Promise<boolean> {
    const { signal } = this.stopping;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        return (await this.upgrade(tenant, id)) !== undefined;
      } catch (error) {
        const isFull = error instanceof AtomeError && error.retryable && error.code !== 'internal';
        if (!isFull || attempt === MAX_RESTS) {
          this.tell(kind, id, error);
          return false;
        }
        // ends early, and the loop with it, when the server does
        await elapse(REST_MS, { signal }).catch(() => undefined);
      }
    }
    return false;
  }

  private tell(kind: string, id: string, error: unknown): void {
    const line = `an atome of "${kind}" is left as an older schema has it, such as "${id}": ${String(error)}`;
    this.report.failed(`upgrade ${kind}`, line);
  }
}

/** A group may be about to make it. */
function missing(error: unknown): undefined {
  if (!(error instanceof AtomeError) || error.code !== 'not_found') throw error;
}

function olderThan(version: number): Condition {
  const field = { document: 'data', keys: [SCHEMA_VERSION] } as const;
  return { any: [{ field, operator: 'lt', value: version }, { not: { field, operator: 'exists' } }] };
}
