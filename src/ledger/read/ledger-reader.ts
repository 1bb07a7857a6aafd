import {
  AtomeError,
  isRedacted,
  matchesCondition,
  redacted,
  type Alteration,
  type Atome,
  type AtomeState,
  type AtomeHeader,
  type Condition,
  type JudgedHeader,
  type RedactedAlteration,
} from '../../protocol/index.js';
import type { ErasedAtome } from '../../protocol/messages/answers.js';
import type { Committed } from '../outcome.js';
import { floorSeqOf, readNewestPage, readPage, type NewestPage, type PageContent } from './feed-page.js';
import { headerOf } from '../access-columns.js';
import { foldDeltaChains } from '../delta-chain.js';
import type { AtomeHeaderRow, AtomeInText, AtomeRow, HeadRow, ReadPartialRow, ReadAtomeRow } from '../rows.js';
import { alterationOf, atomeIn, atomeOf, atomeText, stateOf, withoutClocks } from '../row-mapper.js';
import { alterationsOf } from './alterations.js';
import type { HistoryCursor, HistoryPage } from './history-page.js';
import { unknownPast, versionAt, type AsOf } from './past.js';
import { foldText } from './past-text.js';
import { keptTotal, MOST_COUNTED } from './totals.js';
import type { ListQuery, QueryCost, SearchPage, TenantLedger, Total } from '../store.js';
import { turn, turnBySize } from '../turns.js';

/** Which atomes a snapshot has. */
export interface SnapshotFilter {
  readonly kinds?: readonly string[] | undefined;
  readonly where?: Condition | undefined;
  /** Whether erased ones are named. */
  readonly hasErased?: boolean;
}

/** One page of a list. */
export interface ListPage {
  /** The rows as they are stored, in the order of the query. */
  readonly rows: readonly AtomeRow[];
  /** The row behind which the next page begins, which a search need not have found; undefined on the last page. */
  readonly last: AtomeRow | undefined;
  /** Where it is about fields. */
  readonly cost?: QueryCost;
}

const COMPACTED =
  'what was there is in an archive by now, for the ledger was compacted meanwhile; take another snapshot';
const PAGE_ROWS = 500;
/** What a page of a list or of a history takes at most, in bytes; a single row may take more. */
const PAGE_BYTES = 8 * 1024 * 1024;
/** What is read at once of a snapshot, in bytes. */
const SNAPSHOT_BYTES = 1024 * 1024;

/** The ledger of a tenant as it is read: states, the past, and pages of the feed. It only ever sees what is committed. */
export class LedgerReader {
  constructor(private readonly ledger: TenantLedger) {}

  head(): Promise<HeadRow> {
    return this.ledger.write.open();
  }

  /** Seq up to which alterations are in archives; 0: none is. */
  floorSeq(): Promise<number> {
    return floorSeqOf(this.ledger);
  }

  hashAt(seq: number): Promise<string | undefined> {
    return this.ledger.audit.hashAt(seq);
  }

  /** @throws AtomeError `not_found`; `gone` for a deleted atome. */
  async get(id: string): Promise<Atome> {
    return this.requireAlive(await this.state(id));
  }

  /** @throws AtomeError `gone` for a deleted or an erased atome. */
  requireAlive(state: AtomeState): Atome {
    if (isRedacted(state)) throw redacted(state);
    const atome = withoutClocks(state);
    if (atome.deletedAt !== null) {
      throw new AtomeError('gone', `the atome "${atome.id}" was deleted; restore it, or ask for an earlier version`, {
        version: atome.version,
        deletedAt: atome.deletedAt,
      });
    }
    return atome;
  }

  /** As {@link get}, deleted or not. @throws AtomeError `not_found`. */
  async find(id: string): Promise<Atome> {
    return withoutClocks(await this.state(id));
  }

  /**
   * As {@link find}; its clocks tell whether it was erased, and nothing else.
   * @param check is asked before a large document is read: how long a refusal takes must not tell how large it is.
   */
  async state(id: string, check?: (header: AtomeHeader) => void): Promise<AtomeState> {
    return stateOf(await this.row(id, check));
  }

  /** As {@link state}, with the clocks of its keys: for who decides which of two writes is the later one. */
  async wholeState(id: string, check: (header: AtomeHeader) => void): Promise<AtomeState> {
    return stateOf(await this.row(id, check, true));
  }

  /** Where an atome stands, without its document; undefined when there is none. */
  async headerOf(id: string): Promise<JudgedHeader | undefined> {
    const [row] = await this.ledger.atomes.headers([id]);
    return row && headerOf(row);
  }

  /** @param check as that of {@link state}. @throws AtomeError `not_found`. */
  async row(id: string, check?: (header: AtomeHeader) => void, isWhole = false): Promise<ReadAtomeRow> {
    const asked = check && ((header: AtomeHeaderRow): void => check(headerOf(header)));
    const row = await this.ledger.atomes.get(id, asked, isWhole);
    if (!row) throw new AtomeError('not_found', `there is no atome "${id}"`);
    return row;
  }

  /** As {@link row}, without its document when that is large. */
  async partial(id: string, check?: (header: AtomeHeader) => void): Promise<ReadPartialRow> {
    const row = await this.ledger.atomes.partial(id);
    if (!row) throw new AtomeError('not_found', `there is no atome "${id}"`);
    check?.(headerOf(row));
    return row;
  }

  /** The atome as it was. @throws AtomeError `not_found` when there was none yet; `gone` when it was erased since, or is archived. */
  async getAt(id: string, asOf: AsOf): Promise<Atome> {
    return atomeIn(await this.textAt(id, asOf));
  }

  /** As {@link getAt}, its document as text. */
  async textAt(id: string, asOf: AsOf): Promise<AtomeInText> {
    const { version: current } = await this.partial(id);
    const version = 'version' in asOf ? asOf.version : await versionAt(this.ledger, { id, current }, asOf);
    const text = version >= 1 && version <= current ? await this.textOf(id, version) : undefined;
    if (text) return text;
    if (version >= 1 && version <= current) throw await unknownPast(this.ledger, await this.state(id));
    throw new AtomeError(
      'not_found',
      'version' in asOf
        ? `the atome "${id}" has no version ${version}; it has 1 to ${current}`
        : `the atome "${id}" did not exist then`,
    );
  }

  /** As {@link getAt}; of an erased atome, or where it is archived, what it is now. */
  async leftAt(id: string, version: number): Promise<Atome> {
    const state = await this.stateAt(id, version);
    return state ? withoutClocks(state) : this.find(id);
  }

  private async textOf(id: string, version: number): Promise<AtomeInText | undefined> {
    return foldText(await this.ledger.alterations.deltaChain([[id, version]]));
  }

  /** The state after one version, folded from its base. */
  async stateAt(id: string, version: number): Promise<AtomeState | undefined> {
    const rows = await this.ledger.alterations.deltaChain([[id, version]]);
    return (await foldDeltaChains(rows)).get(id) ?? undefined;
  }

  async list(query: ListQuery): Promise<ListPage> {
    const { queries } = this.ledger;
    const [wanted, isSearch] = [{ ...query, limit: query.limit + 1 }, query.search !== undefined];
    const { rows, end }: SearchPage = isSearch
      ? await queries.search(wanted, PAGE_BYTES)
      : { rows: await queries.list(wanted, PAGE_BYTES) };
    const page = rows.slice(0, query.limit);
    const more = rows.length > page.length || (await this.isCut(query, page));
    return { rows: page, last: more ? page.at(-1) : end };
  }

  /** Whether a page that is too short ends where it does because it is full. */
  private async isCut(query: ListQuery, page: readonly AtomeRow[]): Promise<boolean> {
    const bytes = page.reduce((sum, { size }) => sum + size, 0);
    if (bytes <= PAGE_BYTES) return false;
    // to look for one more is to look through the rest
    if (query.search !== undefined) return true;
    const behind = { ...query, limit: 1, offset: query.offset + page.length };
    return (await this.ledger.queries.list(behind)).length > 0;
  }

  /** However many there are: what is not counted in the head takes a walk over them. */
  async count(query: ListQuery): Promise<number> {
    return (await keptTotal(this.ledger, query)) ?? this.ledger.queries.count(query);
  }

  /** As {@link count}, but what is not counted in the head is counted among {@link MOST_COUNTED} only. */
  async total(query: ListQuery): Promise<Total> {
    const total = await keptTotal(this.ledger, query);
    if (total !== undefined) return { total, isExact: true };
    return this.ledger.queries.countNewest(query, MOST_COUNTED);
  }

  /** Versions have no gaps, so a page of history is a range of versions: a numbered one, or that before a version. */
  async history(id: string, page: number | HistoryCursor, limit: number): Promise<HistoryPage> {
    const { version: currentVersion } = await this.partial(id);
    const { alterations } = this.ledger;
    const archivedTo = await alterations.archived(id);
    const to =
      typeof page === 'number' ? currentVersion - (page - 1) * limit : Math.min(page.before - 1, currentVersion);
    const first = archivedTo + 1;
    const range = { from: Math.max(first, to - limit + 1), to, bytes: PAGE_BYTES };
    const rows = to < first ? [] : await alterations.history(id, range);
    const oldest = rows.at(-1)?.version ?? first;
    const next = oldest > first ? oldest : undefined;
    return { currentVersion, alterations: await alterationsOf(rows), next, ...(archivedTo > 0 && { archivedTo }) };
  }

  /** Versions `from` to `to` of one atome, oldest first. */
  async versions(id: string, from: number, to: number): Promise<(Alteration | RedactedAlteration)[]> {
    return alterationsOf(await this.ledger.alterations.versions(id, { from, to }));
  }

  async alteration(id: string, version: number): Promise<Alteration | RedactedAlteration | undefined> {
    const row = await this.ledger.alterations.version(id, version);
    return row && alterationOf(row);
  }

  /**
   * The next alterations behind `after`, at most up to `upTo`: at least one when there is one.
   */
  async page(after: number, upTo: number, content: PageContent): Promise<Committed[]> {
    return readPage(this.ledger, { after, upTo }, content);
  }

  /** As {@link page}; where what comes next is in an archive, or on its way there, what stands behind the floor. */
  async knownPage(after: number, upTo: number, content: PageContent): Promise<Committed[]> {
    const page = await this.page(after, upTo, content);
    const floor = page.length > 0 ? 0 : await this.floorSeq();
    return floor > after && floor < upTo ? this.page(floor, upTo, content) : page;
  }

  /**
   * As {@link page}, but only alterations that are the newest of their atome as the page is read, and up to the head: who
   * stopped before it would miss what those behind have taken the place of.
   */
  async newestPage(after: number, { chars }: { readonly chars: number }): Promise<NewestPage> {
    return readNewestPage(this.ledger, after, chars);
  }

  /**
   * Every atome that was there at `seq`, as JSON, in order of id; read while others write. `visible` is asked about where
   * it stands now.
   */
  async *snapshot(
    seq: number,
    { kinds, where, hasErased = false }: SnapshotFilter = {},
    visible: (now: AtomeHeader) => boolean = () => true,
  ): AsyncGenerator<string> {
    let after = '';
    const pace = turnBySize();
    for (;;) {
      // an atome may have changed its kind since, so those that moved on are filtered after looking back
      const rows = await this.ledger.atomes.after({ after, limit: PAGE_ROWS, bytes: SNAPSHOT_BYTES });
      if (rows.length === 0) return;
      await turn();
      for (const row of rows) {
        if (!visible(headerOf(row))) continue;
        if (hasErased && row.deletedAt !== null && isRedacted(stateOf(row))) {
          yield JSON.stringify({ id: row.id, redacted: true } satisfies ErasedAtome);
          continue;
        }
        const isOfNow = row.seq <= seq;
        if (!isOfNow) await turn();
        const there = isOfNow ? row : await this.asOf(row, seq);
        if (there?.deletedAt !== null || (kinds && !kinds.includes(there.kind))) continue;
        const due = where && pace(row.size);
        if (due) await due;
        if (where && !matchesCondition(where, 'clocks' in there ? atomeOf(there) : atomeIn(there))) continue;
        yield atomeText(there);
      }
      after = rows.at(-1)!.id;
    }
  }

  private async asOf(row: AtomeRow, seq: number): Promise<AtomeInText | undefined> {
    if (row.createdSeq > seq) return undefined;
    const looked = { id: row.id, current: row.version };
    const version = await versionAt(this.ledger, looked, { seq }).catch((error: unknown) => {
      throw error instanceof AtomeError && error.code === 'gone' ? new AtomeError('unavailable', COMPACTED) : error;
    });
    const text = await this.textOf(row.id, version);
    // of what is erased there is none, nor of what has gone since
    if (!text && (await this.floorSeq()) > seq) throw new AtomeError('unavailable', COMPACTED);
    return text;
  }
}
