import { accessSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorWords } from './error-words.js';
import { OpenError } from './open-error.js';

/**
 * Makes the folder and the file where they are missing, for the eyes of this user only: there are hashes of passwords in
 * it. SQLite gives its other files the mode of this one.
 * @throws OpenError when the file cannot be made, or not be written.
 */
export function makeSqliteFile(path: string): void {
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw new OpenError(
      `the folder ${dirname(path)} cannot be made (${errorWords(error)}): name a file in another folder with DATABASE_URL`,
      error,
    );
  }
  try {
    if (!statSync(path, { throwIfNoEntry: false })) closeSync(openSync(path, 'a', 0o600));
    // not opened and closed: that would let go of the locks that this process may have on it (POSIX)
    else accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new OpenError(
      `the file ${path} cannot be opened for writing (${errorWords(error)}): make it and its folder writable for the user who runs the server, or name another with DATABASE_URL`,
      error,
    );
  }
  if (!statSync(path).isFile()) {
    throw new OpenError(`${path} is not a file: name the file of the database with DATABASE_URL`);
  }
}

/** One level at a time: on a file system that takes no folders (`/proc`), the recursive `mkdirSync` of Node never ends. */
function makeFolder(path: string): void {
  if (isFolder(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // another process may have been first
    if (!isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
