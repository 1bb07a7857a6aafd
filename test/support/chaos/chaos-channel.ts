import { AsyncLocalStorage } from 'node:async_hooks';
import type { Turnstile } from '../../../src/cli/turnstile.js';

/** In whose name channels are made. */
export const tabOf = new AsyncLocalStorage<Turnstile>();

/** The BroadcastChannel of a tab, which says and hears nothing while that sleeps. */
export class ChaosChannel {
  private static readonly all = new Set<ChaosChannel>();
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  private readonly tab = tabOf.getStore();

  constructor(private readonly name: string) {
    ChaosChannel.all.add(this);
  }

  postMessage(data?: unknown): void {
    this.inTurn(() => {
      for (const other of ChaosChannel.all) {
        if (other === this || other.name !== this.name) continue;
        setImmediate(() => other.inTurn(() => other.onmessage?.({ data })));
      }
    });
  }

  close(): void {
    ChaosChannel.all.delete(this);
    this.onmessage = null;
  }

  private inTurn(run: () => void): void {
    if (this.tab) this.tab.do(run);
    else run();
  }
}
