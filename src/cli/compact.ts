import { CompactionError } from '../ledger/compaction/archive.js';
import { parseBefore, timeBefore, type Before } from '../ledger/compaction/before.js';
import { compactionTarget, Compactor, type CompactedLedger } from '../ledger/compaction/compactor.js';
import { DEFAULT_RETENTION } from '../config/module-options.js';
import { UsageError } from '../config/command-line.js';
import { errorWords } from '../database/error-words.js';
import { command, Failure } from './command.js';
import { DATABASE_SETTINGS, ledgerKey, withStore } from './database.js';

const EXPECTED = 'a seq, a time such as 2026-01-31, how long ago such as 90d, or how much is kept such as 10GB';

export default command({
  name: 'compact',
  about: `Moves the oldest alterations of every ledger in DATABASE_URL into archives, files of lines of JSON in ARCHIVE_FOLDER that
atome-sync import takes in, and signs what stands where the history begins from then on. The server may run. Readers that had not come
so far are told to take a snapshot. What is interrupted goes on when it is called again. What durable consumers and webhooks have not
been told yet stays. On SQLite the room is used again by what is written next; atome-sync scrub gives it back.`,
  flags: {
    before: { type: 'string', takes: '<seq|time|size>', help: `what goes: before ${EXPECTED} (default: RETENTION)` },
    tenant: { type: 'string', multiple: true, takes: '<name>', help: 'only this one; may be given several times' },
    'past-consumers': {
      type: 'boolean',
      help: 'also what consumers and webhooks have not been told: they go on behind it',
    },
    key: {
      type: 'string',
      multiple: true,
      takes: '<public key>',
      help: 'one that the floor may be signed with, after a change of LEDGER_KEY',
    },
    'dry-run': { type: 'boolean', help: 'only say what would go' },
  },
  settings: [...DATABASE_SETTINGS, 'ARCHIVE_FOLDER', 'LEDGER_KEY', 'RETENTION', 'CONSUMER_EXPIRES'],
  failure: 'not all is compacted; every ledger is whole',

  async run({ values, database, print, progress }) {
    const atome = database();
    const { retention = DEFAULT_RETENTION } = atome;
    return withStore(atome, async (store) => {
      const before = beforeOf(values.before, retention.keepMs, store.clock.now());
      const known = await store.tenants();
      const missing = values.tenant.find((tenant) => !known.includes(tenant));
      if (missing !== undefined) throw new Failure(`there is no ledger of "${missing}" (--tenant)`);
      const tenants = values.tenant.length > 0 ? values.tenant : known;
      if (tenants.length === 0) print({ ledgers: 0 }, 'there is no ledger yet');
      const holding = {
        passesHolders: values['past-consumers'],
        consumersExpireMs: retention.consumersExpireMs,
      };
      if (values['dry-run']) {
        for (const tenant of tenants) {
          const { from, upTo, heldBy } = await compactionTarget(store, store.ledger(tenant), before, holding);
          const result = { tenant, floor: from, wouldArchive: upTo - from, ...(heldBy && { heldBy }) };
          print(result, `${tenant}: ${upTo - from} alterations would be archived${heldText(heldBy)}`);
        }
        return 0;
      }
      const compactor = new Compactor(store, {
        folder: retention.archiveFolder,
        key: await ledgerKey(store, atome),
        trusted: values.key,
        ...holding,
        keepOn: (tenant, step, seq) => Promise.resolve(progress(`${tenant}: ${step} ${seq}`)),
      });
      let isWhole = true;
      try {
        for await (const result of compactor.run(tenants, before)) {
          progress();
          print(result, textOf(result));
          isWhole &&= result.fault === undefined;
        }
        return isWhole ? 0 : 1;
      } catch (error) {
        if (error instanceof CompactionError) throw new Failure(error.message, { cause: error });
        if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
        throw new Failure(`ARCHIVE_FOLDER=${retention.archiveFolder}: ${errorWords(error)}`, { cause: error });
      }
    });
  },
});

function beforeOf(given: string | undefined, keepMs: number, now: number): Before {
  if (given === undefined && keepMs > 0) return { time: timeBefore(now, keepMs) };
  if (given === undefined) throw new UsageError(`--before is missing: ${EXPECTED}`);
  const before = parseBefore(given, now);
  if (!before) throw new UsageError(`--before: expected ${EXPECTED}`);
  return before;
}

function textOf({ tenant, archived, archive, floor, heldBy, fault }: CompactedLedger): string {
  if (fault !== undefined) return `${tenant}: BAD: ${fault.replace(`${tenant}: `, '')}`;
  const what = archived > 0 ? `${archived} alterations archived in ${archive}` : 'nothing to archive';
  return `${tenant}: ${what}; its history begins behind seq ${floor}${heldText(heldBy)}`;
}

function heldText(heldBy: CompactedLedger['heldBy']): string {
  return heldBy ? `; held back by ${heldBy.name}, which is at seq ${heldBy.seq} (--past-consumers)` : '';
}
