import { createHash, randomUUID } from 'node:crypto';
import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAtome, ask } from './atome.js';
import { filler } from './event.js';
import { CACHE } from './database.js';

/*
 * Large ledgers, made once and kept in bench/.cache. They are written through the server itself, so that they are
 * what a server of that schema would have made of these writes.
 */

/** Operations of one push: as many as the server takes. */
const PUSH = 1_000;
/** Raised whenever what is written changes. */
const VERSION = 1;

/** How many kinds the atomes of a seeded ledger have, evenly. */
export const KINDS = 10;

/**
 * @typedef {object} Size
 * @property {number} alterations
 * @property {number} atomes       created first, then altered in turn
 */

/** @param {number} index */
export function seededId(index) {
  return `atome-${index}`;
}

/**
 * Database URL of a ledger with so many alterations; it is shared, so only to be read.
 * @param {Size} size
 */
export async function seeded(size) {
  const path = join(CACHE, `seed-${size.alterations}-${size.atomes}-${schema()}.sqlite`);
  if (!existsSync(path)) await seed(path, size);
  return `sqlite:${path}`;
}

/**
 * A copy of such a ledger, to be written to.
 * @param {Size} size
 * @returns {Promise<{ url: string, drop: () => void }>}
 */
export async function seededCopy(size) {
  const original = (await seeded(size)).replace('sqlite:', '');
  const path = join(CACHE, `copy-${randomUUID()}.sqlite`);
  copyFileSync(original, path, constants.COPYFILE_FICLONE);
  return { url: `sqlite:${path}`, drop: () => remove(path) };
}

/**
 * @param {string} path
 * @param {Size} size
 */
async function seed(path, { alterations, atomes }) {
  mkdirSync(CACHE, { recursive: true });
  const making = join(CACHE, `making-${randomUUID()}.sqlite`);
  console.error(`making a ledger of ${alterations} alterations in bench/.cache, once`);
  const server = await startAtome(`sqlite:${making}`);
  try {
    for (let next = 0; next < alterations; next += PUSH) {
      const operations = Array.from({ length: Math.min(PUSH, alterations - next) }, (_, each) =>
        operation(next + each, atomes),
      );
      const { results } = await ask(server, '/api/sync/push', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ operations }),
      });
      const refused = results.find((/** @type {{ type: string }} */ { type }) => type !== 'ack');
      if (refused) throw new Error(`the ledger could not be seeded: ${JSON.stringify(refused)}`);
    }
    // ends the database properly: all is in the one file then
    await server.stop();
    renameSync(making, path);
  } catch (error) {
    await server.stop();
    remove(making);
    throw error;
  }
}

/**
 * @param {number} index
 * @param {number} atomes
 */
function operation(index, atomes) {
  const n = index + 1;
  const which = index % atomes;
  const text = filler(40 + (index % 7));
  const common = { opId: `seed-${n}`, atomeId: seededId(which) };
  return index < atomes
    ? { ...common, operation: 'create', kind: `kind-${which % KINDS}`, data: { n, title: `Note ${which}`, text } }
    : { ...common, operation: 'update', changes: { n, text } };
}

/** What the schema of the server's database is, in short: a new migration makes new ledgers. */
function schema() {
  const folder = fileURLToPath(new URL('../../dist/database/migrations/', import.meta.url));
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  const hash = createHash('sha256').update(String(VERSION));
  files.sort().forEach((file) => hash.update(readFileSync(join(folder, file))));
  return hash.digest('hex').slice(0, 8);
}

/** @param {string} path */
function remove(path) {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}
