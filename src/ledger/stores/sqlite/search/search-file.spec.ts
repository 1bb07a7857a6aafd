import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SearchFile } from './search-file.mjs';

const TENANT = 't';
const OTHERS = 300;

describe('the file of the index of searches', () => {
  let folder: string;
  let ledger: BetterSqlite3.Database;
  let file: SearchFile;
  let seq: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'atome-search-'));
    ledger = new BetterSqlite3(join(folder, 'ledger'));
    ledger.pragma('journal_mode = WAL');
    ledger.exec(`CREATE TABLE atome_ledgers (tenant TEXT, seq INTEGER);
      CREATE TABLE atome_alterations (tenant TEXT, seq INTEGER, hash TEXT);
      CREATE TABLE atome_bases (tenant TEXT, seq INTEGER, hash TEXT);
      CREATE TABLE atome_atomes (tenant TEXT, id TEXT, seq INTEGER, data TEXT, PRIMARY KEY (tenant, id))`);
    file = new SearchFile(join(folder, 'index'), join(folder, 'ledger'));
    seq = 0;
  });
  afterEach(() => {
    file.close();
    ledger.close();
    rmSync(folder, { recursive: true });
  });

  function put(id: string, data: string): void {
    seq += 1;
    ledger.prepare('INSERT OR REPLACE INTO atome_atomes VALUES (?, ?, ?, ?)').run(TENANT, id, seq, data);
    ledger.prepare('INSERT INTO atome_alterations VALUES (?, ?, ?)').run(TENANT, seq, `hash ${seq}`);
    ledger.exec(`DELETE FROM atome_ledgers; INSERT INTO atome_ledgers VALUES ('${TENANT}', ${seq})`);
  }
  function followAll(): void {
    for (const tenant of file.behind(1)) while (file.follow(tenant));
  }
  /** Every trigram that the index has. */
  function trigrams(): Set<string> {
    const index = new BetterSqlite3(join(folder, 'index'));
    index.exec(`CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, trigrams, row)`);
    const terms = index.prepare('SELECT term FROM terms').pluck().all() as string[];
    index.close();
    return new Set(terms);
  }
  function fill(): void {
    for (let n = 0; n < OTHERS; n += 1) put(`other-${n}`, `{"text":"note ${n}"}`);
  }

  it('has each atome as it is now', () => {
    fill();
    put('a', '{"text":"first"}');
    followAll();
    put('a', '{"text":"Second"}');
    followAll();
    expect(file.behind(1)).toEqual([]);
    expect(trigrams().has('sec')).toBe(true);
  });

  it('keeps no trigram and no text of what was erased, however it was altered before', () => {
    fill();
    put('a', '{"text":"zyx-first"}');
    followAll();
    put('a', '{"text":"wvu-second"}');
    followAll();
    expect(trigrams().has('wvu')).toBe(true);
    put('a', '{}');
    followAll();
    file.scrub(false);
    for (const name of ['index', 'index-wal']) {
      const bytes = readFileSync(join(folder, name));
      for (const text of ['zyx', 'yx-', 'wvu', 'vu-', 'first', 'second']) {
        expect([name, text, bytes.includes(text)]).toEqual([name, text, false]);
      }
    }
  });

  it('is made again for another ledger', () => {
    fill();
    followAll();
    ledger.exec(`UPDATE atome_alterations SET hash = 'other' || hash; DELETE FROM atome_atomes`);
    put('a', '{"text":"only this"}');
    followAll();
    expect(trigrams().has('not')).toBe(false);
    expect(trigrams().has('onl')).toBe(true);
  });
});
