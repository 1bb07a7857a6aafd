import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ndjson } from '../../src/http/ndjson.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { atomeOf, atomeText } from '../../src/ledger/row-mapper.js';
import type { ListQuery } from '../../src/ledger/store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { create, openLedger, update, write, type TestLedger } from '../support/ledger/ledger.js';
import { watchStatements, type Statements } from '../support/ledger/statements.js';

const ALL: ListQuery = { includeDeleted: false, sortBy: 'updatedAt', sortOrder: 'desc', limit: 20, offset: 0 };

describe.each(DATABASES)('reads on %s', (_name, createDatabase) => {
  let database: Database;
  let ledger: TestLedger;
  let statements: Statements;
  beforeEach(async () => {
    database = await createDatabase();
    const store = await openStore(database.url);
    ledger = await openLedger(store);
    for (const id of ['a', 'b', 'c', 'd']) {
      await ledger.write(create(id, { z: [1.5, -0, 'é\u2028"\\'], 10: null, 2: {} }));
    }
    await ledger.write(write('a', 'share', { access: 'private' }));
    await ledger.write(update('b', { n: 1e21 }));
    await ledger.write(write('c', 'delete', {}));
    await ledger.write(write('d', 'redact', {}));
    statements = await watchStatements(store);
  });
  afterEach(async () => {
    statements.stop();
    await ledger.close();
    await database.drop();
  });

  it('count all by the head alone, and no rows', async () => {
    statements.take();
    expect(await ledger.reader.count(ALL)).toBe(2);
    const taken = statements.take().filter((sql) => !sql.includes('set_config'));
    expect(taken).toHaveLength(1);
    expect(taken[0]).toMatch(/FROM (atome_|"atome"\.)ledgers WHERE tenant/);
    // what the head does not count is counted
    for (const [filter, expected] of [
      [{ includeDeleted: true }, 4],
      [{ parentId: null }, 2],
      [{ kind: 'none' }, 0],
    ] as const) {
      expect(await ledger.reader.count({ ...ALL, ...filter })).toBe(expected);
    }
  });

  it('write an atome out of the JSON of its row, to the same bytes, and parse none of it', async () => {
    const { rows } = await ledger.reader.list({ ...ALL, includeDeleted: true });
    expect(rows).toHaveLength(4);
    for (const row of rows) expect(atomeText(row)).toBe(JSON.stringify(atomeOf(row)));
    const plain = rows.find(({ id }) => id === 'b')!;
    const parse = jest.spyOn(JSON, 'parse');
    atomeText(plain);
    expect(parse).not.toHaveBeenCalled();
    parse.mockRestore();
  });
});

describe('lines of JSON', () => {
  it('go out many at once', async () => {
    async function* records(): AsyncGenerator<string> {
      for (let n = 0; n < 10_000; n += 1) yield `{"n":${n}}`;
    }
    const stream = ndjson({ header: () => ({}), records, onError: () => undefined });
    let chunks = 0;
    stream.on('data', () => (chunks += 1));
    await once(stream, 'end');
    expect(chunks).toBeLessThan(8);
  });
});
