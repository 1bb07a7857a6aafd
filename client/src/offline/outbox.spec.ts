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
