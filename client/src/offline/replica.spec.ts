/**
 * JSON Patch is not loaded yet.
 * @ownModules
 */
import { expect, it } from '@jest/globals';
import type { Atome } from '../../../src/protocol/index.js';
import { settle } from '../../../test/support/clients/scripted-server.js';
import { ScriptedTabs } from '../../../test/support/clients/scripted-tabs.js';
import { SyncError } from '../core/errors.js';
import { memoryStore } from '../storage/memory/memory-store.js';
import type { Changes, Checkpoint, Store } from '../storage/store.js';
import type { Change } from './changes.js';
import { createReplica, type Replica } from './replica.js';

const nothing = (): void => undefined;
/** A replica that is open. */
function openReplica(store: Store, publish: (change: Change) => void = nothing): Replica {
  const replica = createReplica(store, publish, import('./deferred.js'));
  replica.open(() => Promise.resolve('us'));
  return replica;
}
const noteOf = (id: string, data = {}): Atome => ({
  ...{ id, kind: 'note', type: null, data, meta: {}, parentId: null },
  ...{ ownerId: 'ada', version: 1, createdAt: '', updatedAt: '', deletedAt: null },
});
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
  const atome = noteOf('a', { n: 1 });
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

it('keeps nothing that leads from where another tab has moved the checkpoint', async () => {
  let told: (changes: readonly Changes[]) => void = nothing;
  let busy = Promise.resolve();
  const committed: Changes[] = [];
  const store: Store = {
    ...memoryStore(),
    observe: (listener) => {
      told = listener;
      return nothing;
    },
    commit: async (changes) => {
      await busy;
      committed.push(...changes);
    },
  };
  const replica = openReplica(store);
  await replica.loaded;
  let go = nothing;
  busy = new Promise((resolve) => (go = resolve));
  const at = (seq: number): Checkpoint => ({ ...replica.checkpoint, cursor: { epoch: 'e', seq } });
  const first = replica.commit({ dismiss: ['first'] });
  const [moved, kept] = [replica.commit({ put: [noteOf('b')], place: at(50) }), replica.commit({ dismiss: ['kept'] })];
  told([{ clear: true, put: [noteOf('a')], place: at(40) }]);
  expect(replica.checkpoint).toMatchObject({ cursor: { seq: 40 } });
  expect([...replica.view.all()].map(({ id }) => id)).toEqual(['a']);
  go();
  await Promise.all([first, moved, kept]);
  expect(committed.slice(1)).toEqual([{ dismiss: ['first'] }, {}, { dismiss: ['kept'] }]);
  await replica.close();
});

it('keeps what it has settled where another tab moves the checkpoint', async () => {
  const memory = memoryStore();
  const tabs = new ScriptedTabs(memory);
  let busy = Promise.resolve();
  const committed: Changes[] = [];
  const store: Store = {
    ...tabs.store,
    commit: async (changes) => {
      await busy;
      committed.push(...changes);
      await memory.commit(changes);
    },
  };
  const replica = openReplica(store);
  await replica.loaded;
  const write = { opId: ID, atomeId: 'a', operation: 'update', changes: {} };
  await replica.commit({ append: [write] });
  committed.length = 0;
  let go = nothing;
  busy = new Promise((resolve) => (go = resolve));
  const underWay = replica.commit({ remove: ['x'] });
  // so that what follows is not on its way yet
  await settle();
  const at = (seq: number): Checkpoint => ({ ...replica.checkpoint, cursor: { epoch: 'e', seq } });
  const taken = replica.commit({ put: [noteOf('a', { n: 1 })], settle: [ID], place: at(5) });
  tabs.commit({ place: at(3) });
  go();
  await Promise.all([underWay, taken]);
  expect(replica.outbox.size).toBe(0);
  expect(committed).toEqual([{ remove: ['x'] }, { settle: [ID] }]);
  expect((await memory.open()).outbox).toEqual([]);
  await replica.close();
});

it('tells once that a write was refused, however often another tab tells all there is', async () => {
  let told: (changes: readonly Changes[]) => void = nothing;
  const store: Store = {
    ...memoryStore(),
    observe: (listener) => {
      told = listener;
      return nothing;
    },
  };
  const refused: string[] = [];
  const replica = openReplica(store, (change) => {
    if (change.type === 'rejected') refused.push(change.write.operation.opId);
  });
  await replica.loaded;
  const write = { operation: { opId: ID, atomeId: 'a', operation: 'delete' }, rejectedAt: '' };
  const error = { code: 'not_found', message: 'none', status: 404, retryable: false } as const;
  const all: Changes = { clear: true, dismiss: [ID], reject: [{ ...write, error }] };
  told([all]);
  told([all]);
  expect(refused).toEqual([ID]);
  await replica.close();
});

it('shows no write any more that a newer version of the store does not take', async () => {
  const outdated = new SyncError('outdated', 'reload this page');
  const store: Store = {
    ...memoryStore(),
    commit: (changes) => (changes[0]!.append ? Promise.reject(outdated) : Promise.resolve()),
  };
  const replica = openReplica(store);
  await replica.loaded;
  const create = { opId: ID, atomeId: 'a', operation: 'create', kind: 'note', data: {} };
  const kept = replica.commit({ append: [create] });
  expect(replica.view.get('a')).toBeDefined();
  await expect(kept).rejects.toBe(outdated);
  expect(replica.view.get('a')).toBeUndefined();
  expect(replica.outbox.size).toBe(0);
  await replica.close();
});

it('puts what comes while the store is busy into transactions of a few hundred atomes, in their order', async () => {
  const sizes: number[] = [];
  const memory = memoryStore();
  const store: Store = {
    ...memory,
    commit(changes) {
      sizes.push(changes.reduce((sum, { put = [] }) => sum + put.length, 0));
      return memory.commit(changes);
    },
  };
  const replica = openReplica(store);
  await replica.loaded;
  const frame = (from: number): Changes => ({ put: Array.from({ length: 100 }, (_, n) => noteOf(`${from + n}`)) });
  await Promise.all(Array.from({ length: 20 }, (_, n) => replica.commit(frame(n * 100))));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(300);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(2_000);
  await replica.close();
});
