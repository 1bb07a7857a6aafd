/*
 * The index that searches use, in a file of its own beside the database, so that it takes no lock of the database and costs
 * a write nothing. It follows the ledger: what is newer than it is looked through without it, and it can be made again.
 */
import Database from 'better-sqlite3';
import { TENANT_ENTRIES } from './search-sql.mjs';

/** Rows that are indexed in one transaction, and characters after which it ends earlier. */
const BATCH_ROWS = 200;
const BATCH_CHARS = 1_000_000;

/*
 * A trigram is three characters. Those of a text are all that is kept of their places (`detail=none`): what the index finds
 * is read and compared anyway. The texts are kept as well, since FTS5 needs the old one to take it out.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS tenants (no INTEGER PRIMARY KEY, tenant TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, hash TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS texts (
    entry INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, atome TEXT NOT NULL, seq INTEGER NOT NULL, text TEXT NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS texts_by_atome ON texts (tenant, atome);
  CREATE VIRTUAL TABLE IF NOT EXISTS trigrams USING fts5(
    text, content = 'texts', content_rowid = 'entry', tokenize = 'trigram case_sensitive 1', detail = 'none', columnsize = 0
  );`;

/** A file that is merged and rewritten in a second or two. */
const SMALL_BYTES = 32 * 1024 * 1024;

/**
 * @typedef {{ no: number, seq: number, hash: string }} Known
 * @typedef {{ entry: number, seq: number, text: string }} Entry
 * @typedef {{ id: string, seq: number, data: string }} Row
 */

/** The index, and the ledger that it follows. */
export class SearchFile {
  /** @type {import('better-sqlite3').Database} */
  #index;
  /** @type {import('better-sqlite3').Database} */
  #ledger;
  /** @type {import('better-sqlite3').Transaction<(work: () => boolean) => boolean>} */
  #inTransaction;
  /** @type {ReturnType<typeof prepare>} */
  #statements;
  /** @type {unknown} */
  #version;

  /**
   * @param {string} path of the index; the file is there, and may be empty.
   * @param {string} ledgerPath
   */
  constructor(path, ledgerPath) {
    this.#index = new Database(path);
    // where two servers use one database, both may write here
    this.#index.pragma('busy_timeout = 10000');
    this.#index.pragma('journal_mode = WAL');
    this.#index.pragma('synchronous = NORMAL');
    // what is taken out is overwritten
    this.#index.pragma('secure_delete = ON');
    this.#index.exec(SCHEMA);
    this.#ledger = new Database(ledgerPath, { readonly: true, fileMustExist: true });
    this.#statements = prepare(this.#index, this.#ledger);
    this.#inTransaction = this.#index.transaction((/** @type {() => boolean} */ work) => work());
  }

  /**
   * The tenants whose index is so many alterations behind their ledger.
   * @param {number} least
   * @param {boolean} isKnownOnly leaves out those that have none.
   */
  behind(least, isKnownOnly = false) {
    const known = new Map(this.#statements.allKnown.all().map(({ tenant, seq }) => [tenant, seq]));
    const heads = this.#statements.heads.all();
    return heads
      .filter(({ tenant }) => known.has(tenant) || !isKnownOnly)
      .map(({ tenant, seq }) => ({ tenant, lag: seq - (known.get(tenant) ?? 0) }))
      .filter(({ lag }) => lag >= least || lag < 0)
      .map(({ tenant }) => tenant);
  }

  /** Whether the ledger has been written to since this was last asked. */
  isWrittenTo() {
    const before = this.#version;
    this.#version = this.#ledger.pragma('data_version', { simple: true });
    return this.#version !== before;
  }

  /**
   * Takes the next of what the ledger has and the index has not.
   * @param {string} tenant
   * @returns {boolean} whether there may be more.
   */
  follow(tenant) {
    return this.#inTransaction.immediate(() => {
      if (this.#isOfAnotherLedger(tenant)) this.#clear();
      return this.#batch(tenant);
    });
  }

  /**
   * Leaves nothing of what was taken out. Its trigrams go when the parts of the index are merged into one: at once in a
   * small file, else where it is asked for. (`secure-delete` of FTS5 would take far longer for each text, and
   * with `detail=none` it brings back what was taken out without it.)
   * @param {boolean} isWhole
   */
  scrub(isWhole) {
    const bytes = this.#pragma('page_count') * this.#pragma('page_size');
    if (isWhole || bytes <= SMALL_BYTES) {
      this.#index.exec(`INSERT INTO trigrams (trigrams) VALUES ('optimize')`);
      this.#index.exec('VACUUM');
    }
    this.#index.pragma('wal_checkpoint(TRUNCATE)');
  }

  close() {
    this.#index.close();
    this.#ledger.close();
  }

  /** Another copy of the database has been put in its place: all of the index is made again. @param {string} tenant */
  #isOfAnotherLedger(tenant) {
    const known = this.#statements.known.get(tenant);
    return known !== undefined && known.seq > 0 && this.#hashAt(tenant, known.seq) !== known.hash;
  }

  /** @param {string} name @returns {number} */
  #pragma(name) {
    return /** @type {number} */ (this.#index.pragma(name, { simple: true }));
  }

  #clear() {
    this.#index.exec(`DELETE FROM tenants; DELETE FROM texts; INSERT INTO trigrams (trigrams) VALUES ('delete-all')`);
  }

  /** @param {string} tenant @param {number} seq */
  #hashAt(tenant, seq) {
    return this.#statements.hash.get(tenant, seq, tenant, seq)?.hash;
  }

  /** @param {string} tenant */
  #batch(tenant) {
    this.#statements.add.run(tenant);
    const known = /** @type {Known} */ (this.#statements.known.get(tenant));
    let chars = 0;
    let count = 0;
    let { seq } = known;
    for (const row of this.#statements.rows.iterate(tenant, seq, BATCH_ROWS)) {
      this.#put(known.no, row);
      seq = row.seq;
      count += 1;
      chars += row.data.length;
      if (chars > BATCH_CHARS) break;
    }
    const hash = this.#hashAt(tenant, seq);
    // an older copy of the database has just been put back
    if (seq > 0 && hash === undefined) throw new Error('the ledger has changed while it was indexed');
    if (count > 0) this.#statements.move.run(seq, hash ?? '', known.no);
    return count === BATCH_ROWS || chars > BATCH_CHARS;
  }

  /** @param {number} no @param {Row} row */
  #put(no, { id, seq, data }) {
    const { entry, putSeq, putText, addText, takeOut, putIn, last } = this.#statements;
    const text = data.toLowerCase();
    const old = entry.get(no, id);
    if (old?.text === text) {
      putSeq.run(seq, old.entry);
      return;
    }
    const at =
      old?.entry ?? (last.get(no * TENANT_ENTRIES, (no + 1) * TENANT_ENTRIES)?.entry ?? no * TENANT_ENTRIES) + 1;
    if (old) {
      takeOut.run(old.entry, old.text);
      putText.run(seq, text, at);
    } else addText.run(at, no, id, seq, text);
    putIn.run(at, text);
  }
}

/**
 * @param {import('better-sqlite3').Database} index
 * @param {import('better-sqlite3').Database} ledger
 */
function prepare(index, ledger) {
  return {
    /** @type {import('better-sqlite3').Statement<[], { tenant: string, seq: number }>} */
    allKnown: index.prepare('SELECT tenant, seq FROM tenants'),
    /** @type {import('better-sqlite3').Statement<[string], Known>} */
    known: index.prepare('SELECT no, seq, hash FROM tenants WHERE tenant = ?'),
    add: index.prepare(`INSERT INTO tenants (tenant, seq, hash) VALUES (?, 0, '') ON CONFLICT DO NOTHING`),
    move: index.prepare('UPDATE tenants SET seq = ?, hash = ? WHERE no = ?'),
    /** @type {import('better-sqlite3').Statement<[number, string], Entry>} */
    entry: index.prepare('SELECT entry, seq, text FROM texts WHERE tenant = ? AND atome = ?'),
    /** @type {import('better-sqlite3').Statement<[number, number], { entry: number | null }>} */
    last: index.prepare('SELECT max(entry) AS entry FROM texts WHERE entry BETWEEN ? AND ?'),
    putSeq: index.prepare('UPDATE texts SET seq = ? WHERE entry = ?'),
    putText: index.prepare('UPDATE texts SET seq = ?, text = ? WHERE entry = ?'),
    addText: index.prepare('INSERT INTO texts (entry, tenant, atome, seq, text) VALUES (?, ?, ?, ?, ?)'),
    takeOut: index.prepare(`INSERT INTO trigrams (trigrams, rowid, text) VALUES ('delete', ?, ?)`),
    putIn: index.prepare('INSERT INTO trigrams (rowid, text) VALUES (?, ?)'),
    /** @type {import('better-sqlite3').Statement<[], { tenant: string, seq: number }>} */
    heads: ledger.prepare('SELECT tenant, seq FROM atome_ledgers'),
    /** @type {import('better-sqlite3').Statement<[string, number, string, number], { hash: string }>} */
    hash: ledger.prepare(
      'SELECT hash FROM atome_alterations WHERE tenant = ? AND seq = ? UNION ALL SELECT hash FROM atome_bases WHERE tenant = ? AND seq = ?',
    ),
    /** @type {import('better-sqlite3').Statement<[string, number, number], Row>} */
    rows: ledger.prepare('SELECT id, seq, data FROM atome_atomes WHERE tenant = ? AND seq > ? ORDER BY seq LIMIT ?'),
  };
}
