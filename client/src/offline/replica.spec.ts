/**
 * JSON Patch is not loaded yet.
 * @ownModules
 */
import { expect, it } from '@jest/globals';
import type { Atome } from '../../../src/protocol/index.js';
import { memoryStore } from '../storage/memory/memory-store.js';
import type { Changes, Store } from '../storage/store.js';
import type { Change } from './changes.js';
import { createReplica, type Replica } from './replica.js';

const nothing = (): void => undefined;
/** A replica that is open. */
function openReplica(store: Store, publish: (change: Change) => void = nothing): Replica {
  const replica = createReplica(store, publish, import('./deferred.js'));
  replica.open(() => Promise.resolve('us'));
  return replica;
}
const ID = '01900000-0000-7000-8000-000000000000';

it('shows a JSON Patch of another tab once it can apply it, and tells of that', async () => {
  let told: (changes: readonly Changes[]) => void = nothing;
  const store: Store = {
    ...memoryStore(),
    observe: (listener) => {
      told = listener;
      return nothing;
    },
  };
  let shown = nothing;
  const replica = openReplica(store, ({ type }) => type === 'shown' && shown());
  await replica.loaded;
  const create = { opId: ID, atomeId: 'a', operation: 'create', kind: 'note', data: { list: [1] } };
  const patch = {
    ...create,
    opId: ID.replace(/0$/, '1'),
    operation: 'patch',
    changes: [{ op: 'remove', path: '/list' }],
  };
  told([{ append: [create, patch] }]);
  expect(replica.view.get('a')).toMatchObject({ data: { list: [1] } });
  await new Promise<void>((resolve) => (shown = resolve));
  expect(replica.view.get('a')!.data).toEqual({});
  await replica.close();
});

it('shows an atome under a write that was made while the store was being read', async () => {
  const atome: Atome = {
    ...{ id: 'a', kind: 'note', type: null, data: { n: 1 }, meta: {}, parentId: null },
    ...{ ownerId: 'ada', version: 1, createdAt: '', updatedAt: '', deletedAt: null },
  };
  let read = nothing;
  const store: Store = {
    ...memoryStore(),
    async *atomes() {
      await new Promise<void>((resolve) => (read = resolve));
      yield [atome];
    },
  };
  const replica = openReplica(store);
  await replica.opened;
  await replica.commit({ append: [{ opId: ID, atomeId: 'a', operation: 'update', changes: { m: 2 } }] });
  read();
  await replica.loaded;
  expect(replica.view.get('a')).toMatchObject({ data: { n: 1, m: 2 } });
  await replica.close();
});
