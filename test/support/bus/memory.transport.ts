import type { Transport, TransportConnection, TransportEvents } from '../../../src/bus/transport.js';

/** Connects nodes of one process, and can be cut. */
export class MemoryTransport implements Transport {
  readonly name = 'memory';
  readonly advice = 'somebody has made it deaf';
  readonly maxChars = 7_900;
  readonly carries = true;
  /** Whether what is sent comes to nobody, and nobody is told. */
  isDeaf = false;
  private readonly nodes = new Set<TransportEvents>();
  private readonly dead = new Set<TransportEvents>();

  get connectionCount(): number {
    return this.nodes.size;
  }

  connect(events: TransportEvents): Promise<TransportConnection> {
    this.nodes.add(events);
    return Promise.resolve({
      send: (texts) => {
        if (!this.nodes.has(events)) return Promise.reject(new Error('the connection is closed'));
        if (!this.isDeaf && !this.dead.has(events)) texts.forEach((text) => this.inject(text));
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
    for (const node of [...this.nodes]) if (!this.dead.has(node)) node.text(text);
  }

  /** Who connected last neither says nor hears anything any more, and nobody is told. */
  killNewest(): void {
    this.dead.add([...this.nodes].at(-1)!);
  }

  /** Breaks all connections. */
  cut(): void {
    for (const node of [...this.nodes]) {
      this.nodes.delete(node);
      node.broken(new Error('cut'));
    }
  }
}
