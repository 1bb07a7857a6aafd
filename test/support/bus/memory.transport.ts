import type { Transport, TransportConnection, TransportEvents } from '../../../src/bus/transport.js';

/** Connects nodes of one process, and can be cut. */
export class MemoryTransport implements Transport {
  readonly name = 'memory';
  readonly advice = 'somebody has made it deaf';
  readonly carries = true;
  /** Whether what is sent comes to nobody, and nobody is told. */
  isDeaf = false;
  private readonly nodes = new Set<TransportEvents>();

  connect(events: TransportEvents): Promise<TransportConnection> {
    this.nodes.add(events);
    return Promise.resolve({
      send: (texts) => {
        if (!this.nodes.has(events)) return Promise.reject(new Error('the connection is closed'));
        for (const text of this.isDeaf ? [] : texts) this.inject(text);
        return Promise.resolve();
      },
      close: () => {
        this.nodes.delete(events);
        return Promise.resolve();
      },
    });
  }

  /** Sends a text as anybody could. */
  inject(text: string): void {
    for (const node of [...this.nodes]) node.text(text);
  }

  /** Breaks all connections. */
  cut(): void {
    for (const node of [...this.nodes]) {
      this.nodes.delete(node);
      node.broken(new Error('cut'));
    }
  }
}
