import type { Edge } from '../../../src/edge/edge.js';
import { EdgeLink } from '../../../src/edge/edge-link.js';
import { atomeOf } from '../../../src/ledger/row-mapper.js';
import { LEDGER_STORE, type LedgerStore } from '../../../src/ledger/store.js';
import type { Atome } from '../../../src/protocol/index.js';
import { FaultProxy } from '../faults/fault-proxy.js';
import { startApp, type TestApp } from '../server/app.js';

/** How each of the two servers is started. */
export interface PairEnvironment {
  readonly core?: Record<string, string>;
  readonly edge?: Record<string, string>;
  /** The one that is followed. */
  readonly tenant?: string;
}

/** A server, one that follows it, and the way between them. */
export class EdgePair {
  private constructor(
    readonly core: TestApp,
    readonly edge: TestApp,
    readonly way: FaultProxy,
    private readonly tenant: string,
  ) {}

  static async start({
    core: above = {},
    edge: below = {},
    tenant = 'default',
  }: PairEnvironment = {}): Promise<EdgePair> {
    const core = await startApp(above);
    const way = await FaultProxy.to(core.url);
    const edge = await startApp({ ...below, UPSTREAM: way.url.replace('http', 'ws') });
    return new EdgePair(core, edge, way, tenant);
  }

  get link(): Edge {
    return this.edge.app.get(EdgeLink, { strict: false }).edge!;
  }

  /** Resolves when a condition holds; it is asked whenever the edge moves. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (;;) {
      const moved = new Promise<void>((resolve) => {
        const stop = this.link.onMoved(() => {
          stop();
          resolve();
        });
      });
      if (await isSo()) return;
      await moved;
    }
  }

  /** Resolves when both have decided all, and know of it. */
  joined(): Promise<void> {
    return this.until(async () => {
      const head = await ledgerOf(this.core, this.tenant).write.head();
      const { waiting, upstream } = this.link.status();
      return waiting === 0 && head !== undefined && upstream?.epoch === head.epoch && upstream.seq === head.seq;
    });
  }

  /** What there is at each that is not deleted. */
  async states(): Promise<[edge: Map<string, unknown>, core: Map<string, unknown>]> {
    return [await statesOf(this.edge, 'default'), await statesOf(this.core, this.tenant)];
  }

  async close(): Promise<void> {
    await this.edge.close();
    await this.way.close();
    await this.core.close();
  }
}

/** The ledger of a tenant of a server. */
export function ledgerOf({ app }: TestApp, tenant = 'default'): ReturnType<LedgerStore['ledger']> {
  return app.get<LedgerStore>(LEDGER_STORE, { strict: false }).ledger(tenant);
}

async function statesOf(app: TestApp, tenant: string): Promise<Map<string, unknown>> {
  const rows = await ledgerOf(app, tenant).atomes.after({ after: '', limit: 100_000 });
  return contents(rows.filter(({ deletedAt }) => deletedAt === null).map((row) => atomeOf(row)));
}

/** What is the same at both: all but what each counts for itself. */
export function contents(atomes: Iterable<Atome>): Map<string, unknown> {
  return new Map(
    [...atomes].map((atome) => {
      const { id, version: _version, createdAt: _created, updatedAt: _updated, ...same } = atome;
      return [id, same];
    }),
  );
}
