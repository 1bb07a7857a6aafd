import {
  AtomeError,
  isRedacted,
  redacted,
  type Alteration,
  type Atome,
  type AtomeState,
  type RedactedAlteration,
} from '../protocol/index.js';
import { unknownAtome } from './erased.js';
import { placementOf, type Committed } from './group.js';
import { foldLineage, stateAfter } from './lineage.js';
import {
  alterationBodyOf,
  alterationOf,
  atomeOf,
  stateOf,
  withoutClocks,
  type AlterationRow,
  type AtomeRow,
  type HeadRow,
} from './rows.js';
import type { LedgerStore, ListQuery } from './store.js';

/** A place in an atome's past. */
export type Moment = { readonly version: number } | { readonly seq: number } | { readonly time: string };

export interface ListPage {
  readonly atomes: readonly Atome[];
  /** The row behind which the next page begins; undefined on the last page. */
  readonly last: AtomeRow | undefined;
}

export interface HistoryPage {
  readonly currentVersion: number;
  /** Newest first. */
  readonly alterations: readonly (Alteration | RedactedAlteration)[];
}

const PAGE_ROWS = 500;
/** Atomes of a snapshot read at once: each may be as large as a message. */
const SNAPSHOT_ROWS = 50;

/** The ledger as it is read: states, the past, and pages of the feed. It only ever sees what is committed. */
export class LedgerReader {
  constructor(private readonly store: LedgerStore) {}

  head(tenant: string): Promise<HeadRow> {
    return this.store.open(tenant);
  }

  heads(tenants: readonly string[]): Promise<Map<string, HeadRow>> {
    return this.store.heads(tenants);
  }

  hashAt(tenant: string, seq: number): Promise<string | undefined> {
    return this.store.hashAt(tenant, seq);
  }

  /** @throws AtomeError `not_found`; `gone` for a deleted atome. */
  async get(tenant: string, id: string): Promise<Atome> {
    const state = await this.state(tenant, id);
    if (isRedacted(state)) throw redacted(state);
    const atome = withoutClocks(state);
    if (atome.deletedAt !== null) {
      throw new AtomeError('gone', `the atome "${id}" was deleted; restore it, or ask for an earlier version`, {
        version: atome.version,
        deletedAt: atome.deletedAt,
      });
    }
    return atome;
  }

  /** As {@link get}, deleted or not. @throws AtomeError `not_found`. */
  async find(tenant: string, id: string): Promise<Atome> {
    return withoutClocks(await this.state(tenant, id));
  }

  private async state(tenant: string, id: string): Promise<AtomeState> {
    const row = await this.store.atome(tenant, id);
    if (!row) throw new AtomeError('not_found', `there is no atome "${id}"`);
    return stateOf(row);
  }

  /** The atome as it was. @throws AtomeError `not_found` when there was none yet; `gone` when it was erased since. */
  async getAt(tenant: string, id: string, moment: Moment): Promise<Atome> {
    const { version: current } = await this.find(tenant, id);
    const version = 'version' in moment ? moment.version : await this.versionAt(tenant, id, current, moment);
    const state = version >= 1 && version <= current ? await this.stateAt(tenant, id, version) : undefined;
    if (state) return withoutClocks(state);
    if (version >= 1 && version <= current) throw redacted(await this.find(tenant, id));
    throw new AtomeError(
      'not_found',
      'version' in moment
        ? `the atome "${id}" has no version ${version}; it has 1 to ${current}`
        : `the atome "${id}" did not exist then`,
    );
  }

  /** As {@link getAt}; of an erased atome what is left of it. */
  async leftAt(tenant: string, id: string, version: number): Promise<Atome> {
    const state = await this.stateAt(tenant, id, version);
    return state ? withoutClocks(state) : this.find(tenant, id);
  }

  /** The state after one version, folded from its base. */
  async stateAt(tenant: string, id: string, version: number): Promise<AtomeState | undefined> {
    return foldLineage(await this.store.lineage(tenant, [[id, version]])) ?? undefined;
  }

  async list(tenant: string, query: ListQuery): Promise<ListPage> {
    const rows = await this.store.list(tenant, { ...query, limit: query.limit + 1 });
    const page = rows.slice(0, query.limit);
    return { atomes: page.map(atomeOf), last: rows.length > page.length ? page.at(-1) : undefined };
  }

  count(tenant: string, query: ListQuery): Promise<number> {
    return this.store.count(tenant, query);
  }

  /** Versions have no gaps, so a page of history is a range of versions. */
  async history(tenant: string, id: string, page: number, limit: number): Promise<HistoryPage> {
    const { version: currentVersion } = await this.find(tenant, id);
    const to = currentVersion - (page - 1) * limit;
    const rows = to < 1 ? [] : await this.store.versions(tenant, id, Math.max(1, to - limit + 1), to);
    return { currentVersion, alterations: rows.map(alterationOf).reverse() };
  }

  /** Versions `from` to `to` of one atome, oldest first. */
  async versions(tenant: string, id: string, from: number, to: number): Promise<(Alteration | RedactedAlteration)[]> {
    return (await this.store.versions(tenant, id, from, to)).map(alterationOf);
  }

  async alteration(tenant: string, id: string, version: number): Promise<Alteration | RedactedAlteration | undefined> {
    const row = await this.store.alteration(tenant, id, version);
    return row && alterationOf(row);
  }

  /**
   * The next alterations behind `after`, at most up to `upTo`: about `chars` characters of events, at least
   * one when there is one. `compact`: only the newest of each atome.
   */
  async page(
    tenant: string,
    after: number,
    upTo: number,
    { chars, compact = false }: { readonly chars: number; readonly compact?: boolean },
  ): Promise<Committed[]> {
    const rows = compact
      ? await this.store.newest(tenant, after, upTo, PAGE_ROWS, chars)
      : await this.store.alterations(tenant, after, upTo, PAGE_ROWS, chars);
    return this.committed(tenant, rows);
  }

  /** Every atome that was there at `seq`, in order of id; read while others write. */
  async *snapshot(tenant: string, seq: number, kinds?: readonly string[]): AsyncGenerator<Atome> {
    let after = '';
    for (;;) {
      // an atome may have changed its kind since, so those that moved on are filtered after looking back
      const rows = await this.store.atomesAfter(tenant, after, undefined, SNAPSHOT_ROWS);
      for (const row of rows) {
        const atome = row.seq <= seq ? atomeOf(row) : await this.asOf(tenant, row, seq);
        if (atome?.deletedAt === null && (!kinds || kinds.includes(atome.kind))) yield atome;
      }
      if (rows.length < SNAPSHOT_ROWS) return;
      after = rows.at(-1)!.id;
    }
  }

  private async asOf(tenant: string, row: AtomeRow, seq: number): Promise<Atome | undefined> {
    if (row.createdSeq > seq) return undefined;
    const version = await this.versionAt(tenant, row.id, row.version, { seq });
    const state = await this.stateAt(tenant, row.id, version);
    return state && withoutClocks(state);
  }

  /** The newest version not after a moment; 0 when there is none. Binary search: versions, seqs and times grow together. */
  private async versionAt(
    tenant: string,
    id: string,
    current: number,
    moment: Exclude<Moment, { version: number }>,
  ): Promise<number> {
    let [low, high] = [0, current];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const row = (await this.store.alteration(tenant, id, middle))!;
      const isLater = 'seq' in moment ? row.seq > moment.seq : row.timestamp > moment.time;
      if (isLater) high = middle - 1;
      else low = middle;
    }
    return low;
  }

  /** Adds to each row the state after it: an event shows the whole atome, the ledger keeps deltas. */
  private async committed(tenant: string, rows: readonly AlterationRow[]): Promise<Committed[]> {
    const states = await this.statesBefore(tenant, rows);
    return rows.map((row) => {
      const alteration = alterationBodyOf(row);
      const before = states.get(row.atomeId) ?? null;
      const state = stateAfter(before, row);
      states.set(row.atomeId, state);
      const { prevHash, hash, size } = row;
      const place = { alteration, prevHash, hash, size, before: before && placementOf(before) };
      return state ? { ...place, atome: withoutClocks(state) } : { ...place, atome: unknownAtome(row), erased: true };
    });
  }

  /** The state of each atome just before its first row in the page. With `compact` rows are each atome's only one. */
  private async statesBefore(tenant: string, rows: readonly AlterationRow[]): Promise<Map<string, AtomeState | null>> {
    const wanted = new Map<string, number>();
    for (const { atomeId, version } of rows) {
      if (!wanted.has(atomeId)) wanted.set(atomeId, version - 1);
    }
    const lineage = await this.store.lineage(
      tenant,
      [...wanted].filter(([, version]) => version > 0),
    );
    const states = new Map<string, AtomeState | null>();
    for (const row of lineage) states.set(row.atomeId, stateAfter(states.get(row.atomeId) ?? null, row));
    return states;
  }
}
