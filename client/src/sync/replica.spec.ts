import { expect, it } from '@jest/globals';
import { memoryStore } from '../store/memory.js';
import type { Changes, Store } from '../store/store.js';
import { createReplica, type ReplicaPort } from './replica.js';

const nothing = (): void => undefined;
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
  const port: ReplicaPort = { changed: () => shown(), met: nothing, heard: nothing, refused: nothing, failed: nothing };
  const replica = createReplica(store, port);
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
