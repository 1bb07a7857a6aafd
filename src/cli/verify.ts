import { command } from './command.js';
import { DATABASE_SETTINGS, verdict, verifyAll, withStore } from './database.js';

export default command({
  name: 'verify',
  about: `Walks the hash chain of every ledger in DATABASE_URL and compares each atome with its history. Nothing is changed; the
server may run.`,
  flags: { 'dry-run': { type: 'boolean', help: 'only say what would be walked' } },
  settings: DATABASE_SETTINGS,
  failure: 'something is not as it was written, and the first bad row is named',

  run: ({ values, database, print, progress }) =>
    withStore(database(), async (store) => {
      if ((await store.tenants()).length === 0) print({ ledgers: 0 }, 'there is no ledger yet');
      if (!values['dry-run']) {
        return (await verifyAll(store, (result) => print(result, verdict(result)), progress)) ? 0 : 1;
      }
      for (const [tenant, { seq, atomes }] of await store.heads(await store.tenants())) {
        print(
          { tenant, alterations: seq, atomes },
          `${tenant}: ${seq} alterations and ${atomes} atomes would be walked`,
        );
      }
      return 0;
    }),
});
