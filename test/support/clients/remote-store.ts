import type { JSHandle, Page } from 'playwright-core';
import type { Changes, Format, Store } from '../../../client/src/storage/store.js';
import type * as indexeddb from '../../../client/src/storage/indexeddb/indexeddb-store.js';

/** A store in IndexedDB that lives in a page, so that the suite of Node can hold it to its promises. */
export function remoteStore(page: Page, name: string, format?: Format): Store {
  let made: Promise<JSHandle<Store>> | undefined;
  const steps = format?.migrations.map((step) =>
    Object.entries(step).map(([table, run]) => [table, String(run)] as const),
  );
  const store = (): Promise<JSHandle<Store>> =>
    (made ??= page.evaluateHandle(
      ({ name, version, steps }) => {
        const { indexedDbStore } = (window as unknown as { sdk: typeof indexeddb }).sdk;
        const run = (source: string): unknown => (0, eval)(`(${source})`) as unknown;
        const migrations = steps?.map((step) =>
          Object.fromEntries<unknown>(step.map(([table, source]) => [table, run(source)])),
        );
        return indexedDbStore({ name }, migrations && ({ version, migrations } as Format));
      },
      { name, version: format?.version, steps },
    ));
  return {
    open: async (...given) => (await store()).evaluate((each, asked) => each.open(...asked), given),
    async *atomes() {
      yield await (
        await store()
      ).evaluate(async (each) => {
        const pages = [];
        for await (const page of each.atomes()) pages.push(page);
        return pages.flat();
      });
    },
    select: async (query) => (await store()).evaluate((each, asked) => each.select!(asked as object), query),
    commit: async (changes) =>
      (await store()).evaluate((each, given) => each.commit(JSON.parse(given) as Changes[]), JSON.stringify(changes)),
    close: async () => (await store()).evaluate((each) => each.close()),
  };
}
