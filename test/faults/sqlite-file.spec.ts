import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { audit, createFile, type Database } from '../support/databases/databases.js';
import { ENTRY_POINTS } from '../support/entry-points.js';
import { CollectedLog } from '../support/collected-log.js';
import { logLines, timesTold } from '../support/log-lines.js';

describe('the file of a SQLite database under a running server', () => {
  let database: Database;
  let path: string;
  let server: TestApp;

  beforeEach(async () => {
    database = createFile();
    path = database.url.slice('sqlite:'.length);
    server = await startApp({ DATABASE_URL: database.url });
    await server.api.create();
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  function replaceByCopy(): void {
    new BetterSqlite3(path).exec(`VACUUM INTO '${path}.copy'`).close();
    renameSync(`${path}.copy`, path);
  }

  const HARM: readonly (readonly [name: string, harm: () => void, said: RegExp])[] = [
    ['removed', () => ['', '-wal', '-shm'].forEach((end) => rmSync(path + end)), /removed or renamed/],
    ['renamed', () => renameSync(path, `${path}.old`), /removed or renamed/],
    ['replaced by an older copy', replaceByCopy, /replaced/],
    ['parted from its log', () => rmSync(`${path}-wal`), /removed or renamed/],
    ['given the log of another', () => copyOver(`${path}-wal`), /replaced/],
    ['removed with its folder', () => rmSync(dirname(path), { recursive: true }), /removed or renamed/],
  ];

  function copyOver(file: string): void {
    copyFileSync(file, `${file}.copy`);
    renameSync(`${file}.copy`, file);
  }

  it.each(HARM)('that is %s takes no write on any door, and says so in the log and in ready', async (_, harm, said) => {
    const lines = logLines(server);
    harm();
    for (const [door, create] of ENTRY_POINTS) {
      const { error } = await create(server, door);
      expect([door, error]).toMatchObject([door, { code: 'unavailable', status: 503, retryable: true }]);
      expect(error!.message).not.toContain(path);
    }
    const ready = await server.api.get('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.text).not.toContain(path);
    expect(lines[0]).toContain(path);
    expect(timesTold(lines, said)).toBe('once an interval');
  });

  /** Harm that leaves each file where it is. */
  const IN_PLACE: readonly (readonly [name: string, harm: (older: string) => void])[] = [
    ['overwritten by an older copy of itself', (older) => writeFileSync(path, readFileSync(older))],
    ['overwritten by a copy that is as long', (older) => writeOver(path, readFileSync(older), 0)],
    ['overwritten with the times of the copy', (older) => cp('-p', older, path)],
    ['cut to nothing', () => truncateSync(path, 0)],
    ['cut by a page', () => truncateSync(path, statSync(path).size - 4_096)],
    ['overwritten in the middle', () => writeOver(path, Buffer.alloc(4_096, 7), 8_192)],
    ['overwritten at its end', () => writeOver(path, Buffer.alloc(64), statSync(path).size)],
    ['robbed of its log', () => truncateSync(`${path}-wal`, 0)],
    ['robbed of the end of its log', () => truncateSync(`${path}-wal`, statSync(`${path}-wal`).size - 100)],
    ['given another beginning of its log', () => writeOver(`${path}-wal`, Buffer.alloc(32), 0)],
    ['given another middle of its log', () => writeOver(`${path}-wal`, Buffer.alloc(100, 7), 5_000)],
    ['given noise for its log', () => writeFileSync(`${path}-wal`, Buffer.alloc(100_000, 7))],
  ];

  function writeOver(file: string, bytes: Buffer, at: number): void {
    const fd = openSync(file, 'r+');
    writeSync(fd, bytes, 0, bytes.length, at);
    closeSync(fd);
  }

  function cp(...args: string[]): void {
    execFileSync('cp', args);
  }

  it.each(IN_PLACE)('that is %s takes no write on any door, and says so in the log and in ready', async (_, harm) => {
    const older = `${path}.older`;
    cp(path, older);
    await server.api.create();
    const lines = logLines(server);
    harm(older);
    for (const [door, create] of ENTRY_POINTS) {
      const { error } = await create(server, door);
      expect([door, error]).toMatchObject([door, { code: 'unavailable', status: 503, retryable: true }]);
      expect(error!.message).not.toContain(path);
    }
    expect((await server.api.get('/health/ready')).status).toBe(503);
    expect(lines[0]).toContain(path);
    expect(timesTold(lines, /overwritten or cut short/)).toBe('once an interval');
  });

  it('may be written, copied back and emptied of its log by other processes that know SQLite', async () => {
    const other = new BetterSqlite3(path);
    for (const statement of [
      'UPDATE atome_ledgers SET seq = seq',
      'PRAGMA wal_checkpoint(PASSIVE)',
      'PRAGMA wal_checkpoint(TRUNCATE)',
      'VACUUM',
      'PRAGMA wal_checkpoint(RESTART)',
    ]) {
      other.exec(statement);
      for (const [door, create] of ENTRY_POINTS)
        expect([door, await create(server, `${door}-${statement.length}`)]).toEqual([door, {}]);
    }
    other.exec('BEGIN; CREATE TABLE large (x); INSERT INTO large VALUES (zeroblob(20000000)); ROLLBACK');
    expect(await ENTRY_POINTS[0]![1](server, 'last')).toEqual({});
    other.close();
    expect((await server.api.get('/health/ready')).status).toBe(200);
  });

  it('is missed, also when nobody writes', async () => {
    const log = new CollectedLog(server.app);
    rmSync(path);
    const [line] = await log.told('Store', 1);
    expect(line).toContain('restart the server');
  });

  it('takes writes again when the same file comes back, and has all that was acknowledged', async () => {
    renameSync(path, `${path}.away`);
    expect(await ENTRY_POINTS[0]![1](server, 'lost')).toMatchObject({ error: { code: 'unavailable' } });
    renameSync(`${path}.away`, path);
    for (const [door, create] of ENTRY_POINTS) expect([door, await create(server, door)]).toEqual([door, {}]);
    expect((await server.api.get('/health/ready')).status).toBe(200);
    await server.close();
    const { result } = await audit(database.url);
    expect(result.fault).toBeUndefined();
    const store = await openStore(database.url);
    for (const [door] of ENTRY_POINTS) expect(await store.ledger('default').atomes.get(door)).toBeDefined();
    await store.close();
  });

  it('is locked by somebody who stays: not ready in about a second, and the server answers meanwhile', async () => {
    const other = new BetterSqlite3(path);
    other.exec('BEGIN IMMEDIATE');
    const asked = server.api.get('/health/ready');
    expect((await server.api.get('/health/live')).status).toBe(200);
    expect(await asked).toMatchObject({ status: 503 });
    other.exec('ROLLBACK');
    other.close();
    expect((await server.api.get('/health/ready')).status).toBe(200);
  });

  it('is for the eyes of its user only, and so is its folder when it is made', async () => {
    const made = join(dirname(path), 'a', 'b', 'atome.sqlite');
    const store = await openStore(`sqlite:${made}`);
    const modeOf = (each: string): number => statSync(each).mode & 0o777;
    expect([dirname(made), dirname(dirname(made))].map(modeOf)).toEqual([0o700, 0o700]);
    expect(['', '-wal', '-shm'].map((end) => modeOf(made + end))).toEqual([0o600, 0o600, 0o600]);
    await store.close();
  });

  it('that everybody may read is warned of, and left as it is', async () => {
    const loose = join(dirname(path), 'loose.sqlite');
    writeFileSync(loose, '', { mode: 0o644 });
    const lines: string[] = [];
    const store = await openStore(`sqlite:${loose}`, { report: (_, line) => lines.push(line) });
    expect(lines).toEqual([expect.stringContaining(`chmod 600 ${loose}`)]);
    expect(statSync(loose).mode & 0o777).toBe(0o644);
    await store.close();
  });

  it('may stand behind a link', async () => {
    const folder = join(dirname(path), 'real');
    mkdirSync(folder);
    const link = join(dirname(path), 'link.sqlite');
    symlinkSync(join(folder, 'atome.sqlite'), link);
    const linked = await startApp({ DATABASE_URL: `sqlite:${link}` });
    await linked.api.create();
    expect((await linked.api.get('/health/ready')).status).toBe(200);
    await linked.close();
  });
});
