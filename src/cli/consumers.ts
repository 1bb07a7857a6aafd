import { consumersOf, dropConsumer, type ConsumerIdle } from '../ledger/compaction/holders.js';
import { command, Failure } from './command.js';
import { DATABASE_SETTINGS, withStore } from './database.js';

export default command({
  name: 'consumers',
  about: `Lists the durable consumers in DATABASE_URL: how far each is behind, of all ledgers together, and for how long nobody has run it.
One that is dropped holds no alterations back any more; where it is run again it begins anew, as it was declared.`,
  flags: {
    drop: { type: 'string', takes: '<name>', help: 'ends one that nobody runs, with its place and its dead letters' },
  },
  settings: DATABASE_SETTINGS,
  failure: 'there is no such consumer, or somebody runs it',

  run({ values: { drop }, database, print }) {
    return withStore(database(), async (store) => {
      if (drop !== undefined) {
        if (!(await dropConsumer(store, drop))) {
          const isThere = (await consumersOf(store)).some(({ name }) => name === drop);
          throw new Failure(
            isThere ? `"${drop}" is run by a server: stop that first` : `there is no consumer "${drop}"`,
          );
        }
        print({ dropped: drop }, `dropped ${drop}`);
        return 0;
      }
      const consumers = await consumersOf(store);
      for (const each of consumers) print(each, `${each.name}: ${each.lag} alterations behind, ${idleText(each)}`);
      if (consumers.length === 0) print({ consumers: 0 }, 'there is no durable consumer');
      return 0;
    });
  },
});

/** For how long nobody runs it, for people. */
export function idleText({ idleMs }: Pick<ConsumerIdle, 'idleMs'>): string {
  if (idleMs === undefined) return 'not run for it is not known how long';
  return idleMs === 0 ? 'run now' : `not run for ${Math.ceil(idleMs / 60_000)} minutes`;
}
