import type { JsonObject } from '../../../src/protocol/index.js';
import { isMap } from '../../../src/protocol/merge/merge-patch.js';
import type { Client, Written } from './api.js';
import { SyncError } from '../core/errors.js';
import type { PendingWrite } from '../storage/store.js';
import type { WriteOptions } from '../online/answers.js';
import { jsonCopy } from './json-copy.js';
import { prepare } from './optimistic.js';
import type { Deferred } from './load-deferred.js';
import type { NewWrite, Write } from './new-write.js';
import type { Replica } from './replica.js';
import type { WriteClock } from './write-clock.js';

function check({ operation, data }: NewWrite): void {
  if (operation === 'create' && !isMap(data)) throw new SyncError('invalid', '`data` is no object');
}

type Writes = Pick<
  Client,
  | 'create'
  | 'update'
  | 'replace'
  | 'patch'
  | 'rename'
  | 'tag'
  | 'share'
  | 'delete'
  | 'restore'
  | 'pending'
  | 'rejected'
  | 'retry'
  | 'discard'
>;

/**
 * The writes of a client: each is in the store before its promise resolves.
 * @param saved called when there is something to send.
 * @param deferred the second file; rejects when the client ends without it.
 */
export function writes(replica: Replica, clock: WriteClock, saved: () => void, deferred: Promise<Deferred>): Writes {
  let ready = replica.opened;
  const write: Write = async (fields, options = {}, dismiss = []) => {
    check(fields);
    const copy = jsonCopy({ ...options, ...fields }) as PendingWrite;
    // in a chain, so that writes which need nothing do not overtake
    await (ready = ready.then(() => prepare([copy])));
    const opId = clock.name();
    await replica.commit({ append: [{ ...copy, opId }], dismiss });
    saved();
    return {
      success: true,
      pending: true,
      id: copy.atomeId,
      opId,
      ...(replica.failure !== undefined && { durable: false }),
    };
  };

  const retry = deferred.then(({ createRetry }) => createRetry(replica, write, check));
  retry.catch(() => undefined);

  const change = (
    operation: string,
    atomeId: string,
    changes: unknown,
    options: WriteOptions | undefined,
  ): Promise<Written> => write({ operation, atomeId, changes: changes as JsonObject }, options);

  return {
    create: ({ id = clock.name(), type, ...parts }, options) =>
      write({ operation: 'create', atomeId: id, atomeType: type, ...parts } as NewWrite, options),
    update: (id, changes, options) => change('update', id, changes, options),
    replace: (id, { type, ...parts }, options) =>
      write({ operation: 'replace', atomeId: id, atomeType: type, ...parts }, options),
    patch: (id, changes, options) => change('patch', id, changes, options),
    rename: (id, name, options) => change('rename', id, { name }, options),
    tag: (id, tags, options) => change('tag', id, { tags }, options),
    share: (id, access, options) => change('share', id, { access }, options),
    delete: (id, options) => write({ operation: 'delete', atomeId: id }, options),
    restore: (id, version, options) => change('restore', id, { version }, options),
    async rejected() {
      await replica.opened;
      return [...replica.rejected.values()];
    },
    async pending() {
      await replica.opened;
      return [...replica.outbox.values()].map(({ write, fault }) => ({ operation: write, error: fault }));
    },
    retry: async (...retried) => (await retry)(...retried),
    async discard(opId) {
      await replica.opened;
      await replica.commit({ dismiss: [opId], settle: [opId] });
    },
  };
}
