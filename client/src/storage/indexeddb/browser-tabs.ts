import type { JsonValue } from '../../../../src/protocol/index.js';
import type { Tabs } from '../store.js';

/** What tabs have in common: `undefined` is the hint that there is something new in the store. */
type Message = JsonValue | undefined;

/** The tabs of a browser on one store. */
export interface BrowserTabs extends Tabs {
  /** Lets the others look for what is new. */
  hint(): void;
  /** Gives up leading, and hears nothing more. */
  close(): void;
}

/**
 * Tabs by Web Locks and a BroadcastChannel of the browser.
 * @param pull reads what the others have committed.
 * @returns undefined where the platform lacks what they need.
 */
export function createBrowserTabs(name: string, pull: () => Promise<void>): BrowserTabs | undefined {
  const { locks } = (globalThis.navigator as Partial<Navigator> | undefined) ?? {};
  if (!locks || !('BroadcastChannel' in globalThis)) return undefined;
  const channel = new BroadcastChannel(name);
  const listeners = new Set<(message: JsonValue) => void>();
  const leading = new AbortController();

  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === undefined) void pull().catch(() => undefined);
    else listeners.forEach((listener) => listener(data));
  };

  function tell(message?: Message): void {
    if (!leading.signal.aborted) channel.postMessage(message);
  }

  return {
    lead(granted) {
      const given = new AbortController();
      const signal = AbortSignal.any([given.signal, leading.signal]);
      const held = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      const lead = async (): Promise<void> => {
        await pull();
        // the one before may have died between its commit and its hint
        tell();
        if (!signal.aborted) granted();
        return held;
      };
      // rejected when it is given up before it was granted, and when the store was closed meanwhile
      locks.request(name, { signal }, lead).catch(() => undefined);
      return () => given.abort();
    },
    hint: tell,
    tell,
    hear(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      leading.abort();
      channel.close();
    },
  };
}
