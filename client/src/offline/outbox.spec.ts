import { expect, it } from '@jest/globals';
import { createOutbox } from './outbox.js';

it('keeps a write in its place when it comes again, as another tab may tell it late', () => {
  const outbox = createOutbox();
  const create = { opId: 'op-1', operation: 'create', atomeId: 'a', kind: 'note' } as const;
  const rename = { opId: 'op-2', operation: 'rename', atomeId: 'a', changes: { name: 'A' } } as const;
  outbox.add(create, true);
  outbox.add(rename, true);
  outbox.add(create, true);
  expect([...outbox.values()].map(({ write }) => write)).toEqual([create, rename]);
  expect(outbox.of('a').map(({ write }) => write)).toEqual([create, rename]);
  expect(outbox.size).toBe(2);
});

it('has a write that is found late before those that were made after it', () => {
  const outbox = createOutbox();
  const update = (opId: string, atomeId: string): void =>
    outbox.add({ opId, operation: 'update', atomeId, changes: {} }, true);
  update('op-3', 'a');
  update('op-5', 'b');
  update('op-2', 'a');
  update('op-6', 'a');
  update('op-4', 'b');
  expect([...outbox.keys()]).toEqual(['op-2', 'op-3', 'op-4', 'op-5', 'op-6']);
  expect(outbox.of('a').map(({ write }) => write.opId)).toEqual(['op-2', 'op-3', 'op-6']);
  expect(outbox.of('b').map(({ write }) => write.opId)).toEqual(['op-4', 'op-5']);
});
