import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Overwriting } from './overwriting.js';

/** Where the index of the log says how many frames a checkpoint has begun to copy. */
const BEGUN_AT = 128;

describe('overwriting', () => {
  let folder: string;
  let db: BetterSqlite3.Database;
  let overwriting: Overwriting;
  let shm: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'atome-overwriting-'));
    const path = join(folder, 'a.sqlite');
    db = new BetterSqlite3(path);
    db.pragma('journal_mode = WAL');
    db.exec('CREATE TABLE t (text)');
    const paths = [path, `${path}-wal`, `${path}-shm`] as const;
    overwriting = new Overwriting(paths, () => ({ main: statSync(paths[0]), log: statSync(paths[1]) }));
    shm = openSync(paths[2], 'r+');
  });
  afterEach(() => {
    db.close();
    overwriting.close();
    closeSync(shm);
    rmSync(folder, { recursive: true });
  });

  /** As another process does, before it copies the first page. */
  function beginCheckpoint(): void {
    const [state] = db.pragma('wal_checkpoint(NOOP)') as { log: number }[];
    const frames = Buffer.alloc(4);
    frames[`writeUInt32${endianness()}`](state!.log);
    writeSync(shm, frames, 0, 4, BEGUN_AT);
  }

  it('is not what a checkpoint does that was at work when it was last looked', () => {
    db.prepare('INSERT INTO t VALUES (?)').run('x'.repeat(20_000));
    beginCheckpoint();
    expect(overwriting.find()).toBeUndefined();
    db.pragma('wal_checkpoint(PASSIVE)');
    expect(overwriting.find()).toBeUndefined();
  });
});
