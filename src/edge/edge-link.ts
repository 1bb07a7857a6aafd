import type { WriteSafety } from '../application/write-safety.js';
import { Edge, type EdgeParts } from './edge.js';

/** The link to the server that this one follows, if there is one. */
export class EdgeLink {
  /** undefined where no server is followed. */
  readonly edge: Edge | undefined;

  constructor(parts: EdgeParts | undefined, safety: WriteSafety) {
    const edge = parts && new Edge(parts);
    this.edge = edge;
    if (edge) safety.of = (tenant, seq) => edge.safety(tenant, seq);
  }

  /** Where nothing is followed, there is nothing to do. */
  async start(): Promise<void> {
    await this.edge?.start();
  }

  /** What is on its way goes on at the next start. */
  async stop(): Promise<void> {
    await this.edge?.stop();
  }
}
