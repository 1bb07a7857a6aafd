import { errorWords } from '../../../../database/error-words.js';
import type { Report } from '../../../store-error.js';
import {
  asInJson,
  foundOf,
  MAX_FOUND,
  trigramsOf,
  type Following,
  type Found,
  type FoundRow,
  type SearchIndex,
} from '../../search.js';
import type { ReadPool } from '../read-pool.js';
import { SearchFollower } from './search-follower.js';
import { foundParams, SELECT_FOUND } from './search-sql.mjs';

/** The index of searches beside a SQLite file. It is never waited for: without it, a search looks through all atomes. */
export class SqliteSearch implements SearchIndex {
  private readonly follower: SearchFollower;

  /** @param path of the database. @param pool whose threads read the index. */
  constructor(
    private readonly path: string,
    private readonly pool: ReadPool,
    private readonly report: Report,
  ) {
    this.follower = new SearchFollower(path, (error) => this.failed(error));
  }

  get following(): Following {
    return this.follower.following;
  }

  async find(scope: string, words: string): Promise<Found | undefined> {
    const trigrams = trigramsOf(asInJson(words));
    if (trigrams.length === 0 || !this.follower.isReady) return undefined;
    try {
      const params = foundParams(trigrams, MAX_FOUND + 1, scope);
      const read = { isSearch: true, isHeavy: true, sql: SELECT_FOUND, params };
      const [found] = (await this.pool.read(scope, read)) as FoundRow[];
      return found && foundOf(found);
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  scrub(isWhole: boolean): Promise<void> {
    return this.follower.scrub(isWhole);
  }

  close(): Promise<void> {
    return this.follower.close();
  }

  private failed(error: unknown): void {
    const advice = `stop the server and remove ${this.path}-search*, and the index is made again`;
    this.report('sqlite search index', `searches look through all atomes (${errorWords(error)}): ${advice}`);
  }
}
