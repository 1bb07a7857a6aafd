import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { withIndexedDb } from '../../../../test/support/browser/indexed-db.js';
import { note } from '../../../../test/support/clients/scripted-server.js';
import type { Query } from '../../query/query.js';
import { FORMAT } from '../store.js';
import { createAnswers, type Answers } from './answers.js';
import { openDatabase, STORES } from './open-database.js';
import { TOOLS } from './orders.js';

withIndexedDb();

const COUNT = 150;
const PATIENCE = 20;

let db: IDBDatabase;
let answers: Answers;
beforeEach(async () => {
  ({ db } = await openDatabase(randomUUID(), FORMAT));
  answers = createAnswers(TOOLS, PATIENCE);
  const transaction = db.transaction(STORES, 'readwrite');
  for (let i = 0; i < COUNT; i += 1)
    transaction.objectStore('atomes').put(note(`n${i}`, { i, title: `t${String((i * 7) % COUNT).padStart(3, '0')}` }));
  await TOOLS.finished(transaction);
});
afterEach(() => db.close());

/** What is answered once it was learned. */
async function ask(query: Query): Promise<readonly string[] | undefined> {
  await answers.select(db, query);
  await answers.learn(() => db);
  return (await answers.select(db, query))?.map(({ id }) => id);
}

it('goes by the values where the order leads past too many in vain', async () => {
  const few: Query = { where: { i: { gte: COUNT - 3 } }, sort: '-data.title', limit: 9 };
  expect(await ask(few)).toBeUndefined();
  expect(await ask(few)).toEqual(['n149', 'n148', 'n147']);
});

it('gives no answer that is most of what there is, and a long one that is asked for', async () => {
  const all: Query = { kind: 'note', sort: 'data.i' };
  expect(await ask(all)).toBeUndefined();
  expect(await ask({ ...all, limit: COUNT - 1 })).toHaveLength(COUNT - 1);
});

it('goes on after a restart where it has stopped learning, and answers nothing before', async () => {
  const query: Query = { sort: 'data.title', limit: 1 };
  await answers.select(db, query);
  let pages = 0;
  const gone = answers.learn(() => {
    if (pages++ > 0) throw new Error('closed');
    return db;
  });
  await expect(gone).rejects.toThrow('closed');
  answers = createAnswers(TOOLS);
  expect(await answers.select(db, query)).toBeUndefined();
  pages = 0;
  await answers.learn(() => {
    pages += 1;
    return db;
  });
  expect(pages).toBe(1);
  expect(await ask(query)).toEqual(['n0']);
});
