import type { JsonValue } from '../../../../src/protocol/index.js';
import type { Tabs } from '../store.js';

/** What tabs have in common: `undefined` is the hint that there is something new in the store. */
type Message = JsonValue | undefined;

/** Tabs by Web Locks and a BroadcastChannel of the browser. */
export class BrowserTabs implements Tabs {
  private readonly channel: BroadcastChannel;
  private readonly listeners = new Set<(message: JsonValue) => void>();
  private readonly leading = new AbortController();

  /** @param pull reads what the others have committed. */
  constructor(
    private readonly name: string,
    private readonly pull: () => Promise<void>,
  ) {
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data === undefined) void this.pull().catch(() => undefined);
      else for (const listener of this.listeners) listener(data);
    };
  }

  /** Whether this platform has what tabs need. */
  static get possible(): boolean {
    return 'BroadcastChannel' in globalThis && 'locks' in ((globalThis.navigator as Navigator | undefined) ?? {});
  }

  lead(granted: () => void): () => void {
    const given = new AbortController();
    const signal = AbortSignal.any([given.signal, this.leading.signal]);
    const held = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    const lead = async (): Promise<void> => {
      await this.pull();
      // the one before may have died between its commit and its hint
      this.hint();
      if (!signal.aborted) granted();
      return held;
    };
    // rejected when it is given up before it was granted, and when the store was closed meanwhile
    navigator.locks.request(this.name, { signal }, lead).catch(() => undefined);
    return () => given.abort();
  }

  /** Lets the others look for what is new. */
  hint(): void {
    this.post(undefined);
  }

  tell(message: JsonValue): void {
    this.post(message);
  }

  hear(listener: (message: JsonValue) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Gives up leading, and hears nothing more. */
  close(): void {
    this.leading.abort();
    this.channel.close();
  }

  private post(message: Message): void {
    if (!this.leading.signal.aborted) this.channel.postMessage(message);
  }
}
