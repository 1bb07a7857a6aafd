import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import pg from 'pg';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { OpenError } from '../../src/database/open-error.js';
import { canMount, smallDisk, writeUntilFull } from '../support/faults/full-disk.js';
import { createDatabase } from '../support/databases/postgres.js';

async function refusalOf(databaseUrl: string): Promise<OpenError> {
  const refusal: unknown = await openStore(databaseUrl).catch((error: unknown) => error);
  if (!(refusal instanceof OpenError)) throw refusal;
  return refusal;
}

/** One sentence that names the place and the variable, and nothing of the program. */
function expectSentence({ message, stack }: OpenError, ...words: string[]): void {
  for (const word of ['DATABASE_URL', ...words]) expect(message).toContain(word);
  expect(message).not.toContain('\n');
  expect(stack).toBe(message);
}

describe('a database that cannot be opened', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'atome-open-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ['in a folder that cannot be made', 'file/below/atome.sqlite', 'ENOTDIR'],
    ['whose folder is a file', 'file/atome.sqlite', 'cannot be made'],
    ['that is a folder', 'dir', 'is not a file'],
    ['that is something else', 'file', 'SQLITE_NOTADB'],
  ])('%s is named in one sentence', async (_, name, why) => {
    writeFileSync(join(folder, 'file'), 'this is a letter to somebody and no database '.repeat(100));
    mkdirSync(join(folder, 'dir'));
    const path = join(folder, name);
    expectSentence(await refusalOf(`sqlite:${path}`), why, folder);
  });

  it.each([
    'postgress://app:s3cret@db/app',
    'POSTGRES://app:s3cret@db/app',
    ' postgres://app:s3cret@db/app',
    'postgres:app:s3cret@db',
    'mysql://app:s3cret@db/app',
    'app:s3cret@db/app',
    'SQLITE:a.sqlite',
    'data/a.sqlite',
    '',
  ])('whose URL is %j is refused, and no file is made of it', async (url) => {
    const before = readdirSync('.');
    const refusal = await refusalOf(url);
    expectSentence(refusal, 'sqlite:<path>', 'postgres://');
    expect(refusal.message).not.toContain('s3cret');
    expect(readdirSync('.')).toEqual(before);
  });

  it('in a folder of a file system that takes none is named in one sentence, and at once', async () => {
    expectSentence(await refusalOf('sqlite:/proc/x/a.sqlite'), '/proc/x', 'cannot be made');
    expectSentence(await refusalOf('sqlite:/proc/x/y/z/a.sqlite'), '/proc/x/y/z', 'cannot be made');
    expectSentence(await refusalOf('sqlite:/sys/a.sqlite'), '/sys/a.sqlite');
  });

  it.each([
    ['is damaged', (bytes: Buffer) => bytes.fill(7, 100)],
    ['is cut off', (bytes: Buffer) => bytes.subarray(0, 300)],
  ])('that %s is told what to put in its place, not whose it must be', async (_, harm) => {
    const path = join(folder, 'atome.sqlite');
    await (await openStore(`sqlite:${path}`)).close();
    writeFileSync(path, harm(readFileSync(path)));
    const refusal = await refusalOf(`sqlite:${path}`);
    expectSentence(refusal, 'SQLITE_CORRUPT', path, 'sound copy');
    expect(refusal.message).not.toContain('writable');
  });

  (canMount() ? it : it.skip)('on a full disk is told to make room', async () => {
    const disk = smallDisk();
    const path = disk.url.slice('sqlite:'.length);
    try {
      writeFileSync(path, '');
      writeUntilFull(join(dirname(path), 'ballast'));
      const refusal = await refusalOf(disk.url);
      expectSentence(refusal, 'make room', 'disk');
      expect(refusal.message).not.toMatch(/writable|reading/);
    } finally {
      await disk.remove();
    }
  });

  (canMount() ? it : it.skip)('on a disk that only reads is named in one sentence', async () => {
    const path = join(folder, 'atome.sqlite');
    await (await openStore(`sqlite:${path}`)).close();
    execFileSync('mount', ['--bind', folder, folder]);
    try {
      execFileSync('mount', ['-o', 'remount,ro,bind', folder]);
      expectSentence(await refusalOf(`sqlite:${path}`), 'EROFS', path);
      expectSentence(await refusalOf(`sqlite:${join(folder, 'other.sqlite')}`), 'EROFS', 'other.sqlite');
    } finally {
      execFileSync('umount', ['--lazy', folder]);
    }
  });

  it.each(['alterations', 'accounts', 'ledgers'])(
    'with a table %s of somebody else in the place of ours is named',
    async (table) => {
      const path = join(folder, 'theirs.sqlite');
      const theirs = new Database(path);
      theirs.exec(`CREATE TABLE atome_${table} (mine TEXT)`);
      theirs.close();
      expectSentence(await refusalOf(`sqlite:${path}`), path, table, 'of its own');
      const { url, drop } = await createDatabase();
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(`CREATE SCHEMA atome; CREATE TABLE atome.${table} (mine TEXT)`);
      await client.end();
      expectSentence(await refusalOf(url), new URL(url).host, table, 'of its own');
      await drop();
    },
  );

  it('on PostgreSQL is named by host, port and database, without the password', async () => {
    const { url, drop } = await createDatabase();
    const other = (change: (url: URL) => void): string => {
      const changed = new URL(url);
      change(changed);
      return changed.href;
    };
    const { host } = new URL(url);
    const cases: [string, ...string[]][] = [
      [other((each) => (each.port = '1')), '127.0.0.1:1', 'ECONNREFUSED'],
      [other((each) => (each.hostname = 'no-such-host.invalid')), 'no-such-host.invalid'],
      [other((each) => (each.pathname = '/nowhere')), host, 'nowhere', '3D000'],
      [other((each) => (each.username = 'nobody_here')), host, 'user'],
      [other((each) => (each.password = 'topsecret')), host, '28P01'],
      [other((each) => each.searchParams.set('sslmode', 'require')), host, 'sslmode'],
      [other((each) => each.searchParams.set('sslrootcert', '/nowhere.pem')), host, '/nowhere.pem'],
    ];
    for (const [databaseUrl, ...words] of cases) {
      const refusal = await refusalOf(databaseUrl);
      expectSentence(refusal, ...words);
      expect(refusal.message).not.toContain('topsecret');
    }
    await drop();
  });
});
