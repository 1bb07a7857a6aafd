import type { Edge } from '../../../src/edge/edge.js';
import { EdgeLink } from '../../../src/edge/edge-link.js';
import type { AtomeOptions, AtomeStaticOptions } from '../../../src/config/module-options.js';
import { WS_PATH, type Atome } from '../../../src/protocol/index.js';
import { FaultProxy } from '../faults/fault-proxy.js';
import { startApp, type TestApp } from '../server/app.js';
import { atomesOf } from '../clients/following-client.js';

/** A server, one that follows it, and the way between them. */
export class EdgePair {
  private constructor(
    readonly core: TestApp,
    readonly edge: TestApp,
    readonly way: FaultProxy,
  ) {}

  /** @param options of the edge. */
  static async start(
    environment: Record<string, string> = {},
    options: AtomeOptions & AtomeStaticOptions = {},
    coreOptions: AtomeOptions & AtomeStaticOptions = {},
  ): Promise<EdgePair> {
    const core = await startApp({}, coreOptions);
    const way = await FaultProxy.to(core.url);
    const edge = await startApp({ UPSTREAM: way.url.replace('http', 'ws') + WS_PATH, ...environment }, options);
    return new EdgePair(core, edge, way);
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
      const { waiting, upstream } = this.link.status();
      if (waiting > 0 || !upstream) return false;
      return upstream.seq === (await this.headOf(this.core)) && this.link.status().waiting === 0;
    });
  }

  async states(): Promise<[edge: Map<string, unknown>, core: Map<string, unknown>]> {
    const [edge, core] = await Promise.all([atomesOf(this.edge), atomesOf(this.core)]);
    return [contents(edge), contents(core)];
  }

  async close(): Promise<void> {
    await this.edge.close();
    await this.way.close();
    await this.core.close();
  }

  private async headOf(app: TestApp): Promise<number> {
    return Number((await app.api.get('/api/sync/changes?limit=1&since=999999999')).body.head ?? 0);
  }
}

/** What is the same at both: all but what each counts for itself. */
export function contents(atomes: Map<string, Atome>): Map<string, unknown> {
  return new Map(
    [...atomes].map(([id, atome]) => {
      const { version: _version, createdAt: _created, updatedAt: _updated, ...same } = atome;
      return [id, same];
    }),
  );
}
