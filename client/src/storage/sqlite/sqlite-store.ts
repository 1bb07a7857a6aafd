import type { Atome } from '../../../../src/protocol/index.js';
import { SyncError, toError } from '../../core/errors.js';
import { adoptWrites } from './adopt-writes.js';
import { contentsOf, openSql, isUnreadable, type Claimant, type SqlConnect, type SqlDriver } from './open-sqlite.js';
import { COMMIT, OUTDATED } from './schema.js';
import type { Query } from '../../query/query.js';
import { FORMAT, type Changes, type Contents, type Format, type Store } from '../store.js';

/** How many atomes are read at a time. */
const PAGE = 1_000;
/** What of a query leads to those changed last. */
const NEWEST = JSON.stringify({ sort: '-updatedAt' });
/** How many databases are passed by as unreadable before that is an error. */
const ATTEMPTS = 5;

/**
 * A store in SQLite. All that one commit changes goes in as one JSON text in ONE statement, which a trigger takes
 * apart: a statement is a transaction by itself, whichever connection of a pool it meets.
 */
export class SqlStore implements Store {
  private driver: SqlDriver | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly connect: SqlConnect,
    private readonly name: string,
    private readonly format: Format = FORMAT,
  ) {}

  async open(owner?: string, claim?: boolean): Promise<Contents> {
    const older: string[] = [];
    const found = await this.openOf(this.name, { owner, claim }, older);
    if (older.length === 0) return found;
    const driver = this.opened();
    for (const name of older) {
      // what cannot be had now stays where it is, for the next start
      await adoptWrites(this.connect, name, { driver, format: this.format, owner }).catch(() => undefined);
    }
    return { ...found, ...(await contentsOf(driver)) };
  }

  /**
   * Goes on to another name for as long as what it finds is somebody else's: two names may come to the same one.
   * @param older gets the names of those that it has passed by as unreadable.
   */
  private async openOf(base: string, claimant: Claimant, older: string[]): Promise<Contents> {
    const { owner } = claimant;
    const found = await this.openOne(base, claimant, older);
    if (owner === undefined || (found.place?.owner ?? owner) === owner) return found;
    await this.close();
    return this.openOf(besides(base, `-${slugOf(owner)}`), claimant, older);
  }

  private async openOne(base: string, claimant: Claimant, older: string[]): Promise<Contents> {
    let setAside: string | undefined;
    for (let generation = 0; ; generation += 1) {
      const name = generation === 0 ? base : besides(base, `~${generation}`);
      try {
        const { driver, fresh, contents } = await openSql(this.connect, name, this.format, claimant);
        this.driver = driver;
        return { ...contents, ...(fresh && setAside !== undefined && { setAside }) };
      } catch (thrown) {
        if (!isUnreadable(thrown) || generation === ATTEMPTS) throw storageError(thrown);
        setAside = name;
        older.push(name);
      }
    }
  }

  async *atomes(): AsyncIterable<readonly Atome[]> {
    for (let after = ''; ;) {
      const page = await this.read('WHERE id > ? ORDER BY id LIMIT ?', [after, PAGE]);
      if (page.length > 0) yield page;
      if (page.length < PAGE) return;
      after = page.at(-1)!.id;
    }
  }

  /** What was changed last, of all, of a kind, or under a parent. */
  async select({ kind, parentId, limit, offset = 0, ...more }: Query): Promise<readonly Atome[] | undefined> {
    if (limit === undefined || JSON.stringify(more) !== NEWEST) return undefined;
    const conditions = { ...(kind !== undefined && { kind }), ...(parentId !== undefined && { parent_id: parentId }) };
    const where = Object.keys(conditions).map((column) => `${column} IS ?`);
    const order = 'ORDER BY updated_at DESC, id DESC LIMIT ? OFFSET ?';
    return this.read(`WHERE ${['TRUE', ...where].join(' AND ')} ${order}`, [
      ...Object.values(conditions),
      limit,
      offset,
    ]);
  }

  async commit(changes: readonly Changes[]): Promise<void> {
    const driver = this.opened();
    const kept = JSON.stringify(changes.map(({ events: _, ...rest }) => rest));
    // one after the other: two connections of a pool know no order
    const committed = this.last.then(() => driver.execute(COMMIT, [this.format.version, kept]));
    this.last = committed.catch(() => undefined);
    await committed.catch((thrown: unknown) => {
      throw storageError(thrown);
    });
  }

  async close(): Promise<void> {
    const { driver } = this;
    this.driver = undefined;
    await this.last;
    await driver?.close();
  }

  private async read(rest: string, values: unknown[]): Promise<Atome[]> {
    const rows = await this.opened()
      .select<{ record: string }[]>(`SELECT record FROM atome_atomes ${rest}`, values)
      .catch((thrown: unknown) => {
        throw storageError(thrown);
      });
    return rows.map(({ record }) => JSON.parse(record) as Atome);
  }

  private opened(): SqlDriver {
    if (!this.driver) throw new SyncError('storage', 'The local store is not open: call open first');
    return this.driver;
  }
}

/** Another name, before the extension. */
function besides(name: string, suffix: string): string {
  return name.replace(/(\.[^./\\]*)?$/, (extension) => suffix + extension);
}

/** A text as part of the name of a file: what can be read of it, and a sum that tells it from others. */
function slugOf(text: string): string {
  const sum = Array.from(text).reduce((hash, letter) => (hash * 31 + letter.codePointAt(0)!) % 2 ** 40, 7);
  return `${text.replace(/\W+/g, '_').slice(-60)}-${sum.toString(36)}`;
}

function storageError(thrown: unknown): SyncError {
  if (thrown instanceof SyncError) return thrown;
  const cause = toError(thrown);
  if (cause.message.includes(OUTDATED))
    return new SyncError('outdated', 'Another program has brought the local store to a newer version: update this one');
  return new SyncError('storage', `The local store failed: ${cause.message}`, { cause });
}
