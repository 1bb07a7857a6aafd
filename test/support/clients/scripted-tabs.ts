import type { JsonValue } from '../../../src/protocol/index.js';
import type { Changes, Store, Tabs } from '../../../client/src/storage/store.js';
import { settle } from './scripted-server.js';

/** A store that knows of other tabs, which are what a spec says of them. */
export class ScriptedTabs {
  readonly store: Store;
  /** How often the client has asked to lead. */
  private asks = 0;
  private granted: () => void = () => undefined;
  private lost: () => void = () => undefined;
  private heard: (message: JsonValue) => void = () => undefined;
  private listener: (changes: readonly Changes[]) => void = () => undefined;

  constructor(below: Store) {
    const nothing = (): void => undefined;
    const tabs: Tabs = {
      lead: (granted, lost = nothing) => {
        this.asks += 1;
        [this.granted, this.lost] = [granted, lost];
        return nothing;
      },
      tell: nothing,
      hear: (listener) => {
        this.heard = listener;
        return nothing;
      },
    };
    this.store = {
      ...below,
      tabs,
      observe: (listener) => {
        this.listener = listener;
        return nothing;
      },
    };
  }

  /** Resolves when the client has asked so often. */
  async asked(times: number): Promise<void> {
    while (this.asks < times) await settle();
  }

  grant(): void {
    this.granted();
  }

  lose(): void {
    this.lost();
  }

  /** Another tab says something. */
  say(message: JsonValue): void {
    this.heard(message);
  }

  /** Another tab commits. */
  commit(...changes: Changes[]): void {
    this.listener(changes);
  }
}
