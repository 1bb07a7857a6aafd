import type { Page } from 'playwright-core';
import type * as sdk from '../../../client/src/index.js';
import type * as offline from './offline.js';
import type { Profile } from '../server/profile.js';

/** What the functions that run in the page have there. */
interface InPage {
  readonly sdk: typeof sdk & typeof offline;
  readonly holds?: boolean;
  client: sdk.Client;
  /** The places in the ledger of the events that its listeners heard. */
  heard: number[];
}
declare const window: InPage;

/** A tab with an offline-first client on IndexedDB. */
export class ClientTab {
  /** The opIds of the writes that its client has promised to keep. */
  readonly kept: string[] = [];
  private wake: (() => void) | undefined;
  private writing: Promise<unknown> = Promise.resolve();

  private constructor(readonly page: Page) {
    page.on('console', (message) => {
      const opId = /^kept (.*)/.exec(message.text())?.[1];
      if (opId !== undefined) this.kept.push(opId);
      this.wake?.();
    });
  }

  /** @param url of the server; the tab itself may come from elsewhere. */
  static async open(profile: Profile, url: string): Promise<ClientTab> {
    return ClientTab.on(await profile.tab(), url);
  }

  /** On a page that is there. */
  static async on(page: Page, url: string): Promise<ClientTab> {
    const tab = new ClientTab(page);
    await tab.start(url);
    return tab;
  }

  /** Resolves when its store is said to be so. */
  async storage(wanted: sdk.Status['storage']): Promise<void> {
    await this.page.evaluate(
      (wanted) =>
        new Promise<void>((resolve) => {
          const look = ({ storage }: sdk.Status): void => {
            if (storage === wanted) resolve();
          };
          window.client.on('sync:status', look);
          look(window.client.status());
        }),
      wanted,
    );
  }

  /** Makes the client, as each load of the page does. */
  start(url: string): Promise<void> {
    return this.page.evaluate((url) => {
      const { createClient, indexedDbStore, AT_ONCE } = window.sdk;
      window.heard = [];
      window.client = createClient({ url, store: indexedDbStore(), reconnect: AT_ONCE });
      window.client.on('*', (event) => {
        if (event.type.startsWith('atome:')) window.heard.push((event as unknown as { seq: number }).seq);
      });
    }, url);
  }

  /** Begins to make writes; each is said when it is kept. `from`: how many there were before. */
  write(count: number, from: number): void {
    this.writing = this.page
      .evaluate(
        async ([count, from]) => {
          await window.client.list();
          for (let n = from; n < from + count; n += 1) {
            const [opId] = await window.sdk.writeMixed(window.client, 1, n);
            console.log(`kept ${opId}`);
          }
        },
        [count, from] as const,
      )
      // ended by a page that goes away
      .catch(() => undefined);
  }

  /** Resolves when it has made its writes. */
  async written(): Promise<void> {
    await this.writing;
  }

  /** Resolves when so many writes are kept. */
  async keeps(count: number): Promise<void> {
    while (this.kept.length < count) await new Promise<void>((resolve) => (this.wake = resolve));
  }

  /** Resolves with what it shows when nothing is left to send. */
  flushed(): Promise<Record<string, unknown>> {
    return this.page.evaluate(async () => {
      await window.client.flush();
      return window.sdk.shownBy(window.client);
    });
  }

  shown(): Promise<Record<string, unknown>> {
    return this.page.evaluate(() => window.sdk.shownBy(window.client));
  }

  pending(): Promise<number> {
    return this.page.evaluate(async () => {
      await window.client.list();
      return window.client.status().pending;
    });
  }

  /** Resolves when all up to there is here. */
  waitFor(seq: number): Promise<void> {
    return this.page.evaluate((seq) => window.client.waitFor(seq), seq);
  }

  heard(): Promise<number[]> {
    return this.page.evaluate(() => window.heard);
  }

  rejected(): Promise<readonly unknown[]> {
    return this.page.evaluate(() => window.client.rejected());
  }

  leads(): Promise<boolean> {
    return this.page.evaluate(() => window.holds === true);
  }

  /** Resolves when it leads. */
  async led(): Promise<void> {
    await this.page.waitForFunction(() => window.holds === true);
  }
}
