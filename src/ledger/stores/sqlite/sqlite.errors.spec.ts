import { describe, expect, it } from '@jest/globals';
import { StoreError } from '../../store-error.js';
import { translate } from './sqlite.errors.js';

const said = (code: string): Error => Object.assign(new Error('as SQLite says'), { code });

describe('an error of SQLite', () => {
  it.each([
    'SQLITE_BUSY SQLITE_BUSY_SNAPSHOT SQLITE_BUSY_RECOVERY SQLITE_LOCKED SQLITE_LOCKED_SHAREDCACHE SQLITE_PROTOCOL',
    'SQLITE_READONLY SQLITE_READONLY_DBMOVED SQLITE_READONLY_DIRECTORY SQLITE_READONLY_CANTINIT SQLITE_PERM',
    'SQLITE_CANTOPEN SQLITE_CANTOPEN_ISDIR SQLITE_IOERR SQLITE_IOERR_WRITE SQLITE_IOERR_FSYNC SQLITE_IOERR_SHMMAP',
    'SQLITE_NOMEM SQLITE_CORRUPT SQLITE_CORRUPT_VTAB SQLITE_NOTADB SQLITE_INTERRUPT SQLITE_SCHEMA',
  ])('of the database, such as %s, is unavailable', (codes) => {
    for (const code of codes.split(' ')) {
      const error = translate(said(code));
      expect([code, error]).toEqual([code, expect.any(StoreError)]);
      expect(error).toMatchObject({ code: 'unavailable', retryable: true });
      expect(error.message).not.toContain('as SQLite says');
      expect((error as StoreError).line).toContain(`${code}: as SQLite says`);
    }
  });

  it.each(['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'])('of a full disk, %s, is storage_full', (code) => {
    expect(translate(said(code))).toMatchObject({ code: 'storage_full', retryable: true });
  });

  it.each([
    'SQLITE_ERROR',
    'SQLITE_CONSTRAINT_UNIQUE',
    'SQLITE_CONSTRAINT',
    'SQLITE_MISMATCH',
    'SQLITE_RANGE',
    'SQLITE_MISUSE',
    'SQLITE_TOOBIG',
    'ENOENT',
  ])('of the statement or of somebody else, %s, is left as it is', (code) => {
    const error = said(code);
    expect(translate(error)).toBe(error);
  });
});
