import type { AtomeState } from '../../protocol/index.js';
import { unknownAtome } from '../erasure.js';
import { foldDeltaChains, stateAfter, stateOnto } from '../delta-chain.js';
import { headerOfAtome, type Committed } from '../outcome.js';
import { headerAndAudienceOf } from '../access-columns.js';
import type { AlterationRow, AtomeRow } from '../rows.js';
import { alterationBodyOf, atomeOf, withoutClocks } from '../row-mapper.js';
import type { TenantLedger } from '../store.js';
import { turnBySize } from '../turns.js';

/* Pages of the feed: alterations with the atomes that they made, out of a ledger that keeps deltas. */

const PAGE_ROWS = 500;

/** A page of alterations that are each the newest of their atome. */
export interface NewestPage {
  readonly committed: readonly Committed[];
  /** Whether nothing was behind it when it was read. */
  readonly isLast: boolean;
}

/** A range of seqs. */
export interface Span {
  readonly after: number;
  readonly upTo: number;
}

/** What a page is to hold. */
export interface PageContent {
  /** About how many characters its events take. */
  readonly chars: number;
  /** Whether each alteration is to have the state before it: to keep that, a document is copied. */
  readonly hasPrevious?: boolean | undefined;
  /** Whether it is for readers that are behind. */
  readonly isPast?: boolean | undefined;
}

/** See `LedgerReader.page`. */
export async function readPage(
  ledger: TenantLedger,
  { after, upTo }: Span,
  { chars, hasPrevious = false, isPast }: PageContent,
): Promise<Committed[]> {
  const rows = await ledger.alterations.page({ after, upTo, limit: PAGE_ROWS, chars, isPast });
  if (rows.length === 0) return [];
  const [known, before] = await withKnownBefore(ledger, rows);
  if (known.length === 0) return [];
  return asOfNow(ledger, await committed(known, before, hasPrevious), false);
}

/** See `LedgerReader.newestPage`. */
export async function readNewestPage(ledger: TenantLedger, after: number, chars: number): Promise<NewestPage> {
  for (let behind = after; ;) {
    const page = { after: behind, upTo: Number.MAX_SAFE_INTEGER, limit: PAGE_ROWS, chars };
    const rows = await ledger.alterations.newest({ ...page, isPast: true });
    const last = rows.at(-1);
    const size = rows.reduce((sum, row) => sum + row.size, 0);
    const isLast = rows.length < PAGE_ROWS && size <= chars;
    const made = await newest(ledger, rows);
    // all have been altered since: they come behind
    if (last && made.length === 0) behind = last.seq;
    else return { committed: made, isLast };
  }
}

/** Seq up to which alterations are in archives; 0: none is. */
export async function floorSeqOf(ledger: TenantLedger): Promise<number> {
  return (await ledger.audit.floor())?.seq ?? 0;
}

/** Adds where each atome stands by now: what may be read of the past is decided by the rights of today. */
async function asOfNow(ledger: TenantLedger, committed: Committed[], compact: boolean): Promise<Committed[]> {
  const ids = [...new Set(committed.map(({ alteration }) => alteration.atomeId))];
  const rows = new Map((await ledger.atomes.headers(ids)).map((row) => [row.id, row]));
  return committed.map((each) => {
    const row = rows.get(each.alteration.atomeId);
    if (!row) return each;
    const { audience, ...current } = headerAndAudienceOf(row);
    return { ...each, current, ...(compact && { audience }) };
  });
}

/**
 * The state after the newest alteration of an atome is its row: nothing has to be folded. What has been altered since the rows
 * were read, and is in an archive by now, is left out: it comes behind them.
 */
async function newest(ledger: TenantLedger, read: readonly AlterationRow[]): Promise<Committed[]> {
  const ids = read.map(({ atomeId }) => atomeId);
  const atomes = new Map((await ledger.atomes.some(ids)).map((row) => [row.id, row]));
  const isNewest = ({ atomeId, version }: AlterationRow): boolean => atomes.get(atomeId)?.version === version;
  const moved = read.filter((row) => !isNewest(row) && !isArchived(row));
  const before = await statesBefore(ledger, moved);
  const past = await committed(
    moved.filter((row) => isKnownBefore(row, before)),
    before,
    true,
  );
  const pastBySeq = new Map((await asOfNow(ledger, past, true)).map((each) => [each.alteration.seq, each]));
  const made: Committed[] = [];
  const turn = turnBySize();
  for (const row of read) {
    const due = turn(row.size);
    if (due) await due;
    const each = isNewest(row) ? committedOf(row, atomes.get(row.atomeId)!) : pastBySeq.get(row.seq);
    if (each) made.push(each);
  }
  return made;
}

/** What atomes were just before their first row in a page, and about their size. */
type StatesBefore = [states: Map<string, AtomeState | null>, sizes: Map<string, number>];

/** A row as the store makes it of what is left of one in an archive. */
function isArchived({ prevHash }: AlterationRow): boolean {
  return prevHash === '';
}

function isKnownBefore({ atomeId, version }: AlterationRow, [states]: StatesBefore): boolean {
  return version === 1 || states.has(atomeId);
}

/**
 * Rows up to the first of which nobody knows what it was folded onto: that has gone into an archive since it was read, or is
 * going there. Such a page is no longer whole.
 */
async function withKnownBefore(
  ledger: TenantLedger,
  rows: readonly AlterationRow[],
): Promise<[known: readonly AlterationRow[], before: StatesBefore]> {
  const before = await statesBefore(ledger, rows);
  const made = new Set<string>();
  const end = rows.findIndex((row) => {
    if (!made.has(row.atomeId) && !isKnownBefore(row, before)) return true;
    made.add(row.atomeId);
    return false;
  });
  return [end === -1 ? rows : rows.slice(0, end), before];
}

/** Adds to each row the state after it: an event shows the whole atome, the ledger keeps deltas. */
async function committed(
  rows: readonly AlterationRow[],
  [states, sizes]: StatesBefore,
  hasPrevious: boolean,
): Promise<Committed[]> {
  const made: Committed[] = [];
  const shown = new Set<string>();
  const turn = turnBySize();
  for (const row of rows) {
    const due = turn(row.size);
    if (due) await due;
    const alteration = alterationBodyOf(row);
    const before = states.get(row.atomeId) ?? null;
    const header = before && headerOfAtome(before);
    const { prevHash, hash, size, atomeId } = row;
    // what it was folded from is nobody's, but for that which an alteration before it in the page shows
    const isShown = shown.has(atomeId);
    const state = hasPrevious || isShown ? stateAfter(before, row, alteration) : stateOnto(before, row, alteration);
    states.set(atomeId, state);
    shown.add(atomeId);
    const previousSize = sizes.get(atomeId) ?? 0;
    sizes.set(atomeId, size);
    const previous = hasPrevious ? before : undefined;
    const position = { alteration, prevHash, hash, size, before: header, previous, previousSize };
    made.push(
      state ? { ...position, atome: withoutClocks(state) } : { ...position, atome: unknownAtome(row), erased: true },
    );
  }
  return made;
}

async function statesBefore(ledger: TenantLedger, rows: readonly AlterationRow[]): Promise<StatesBefore> {
  const wanted = new Map<string, number>();
  for (const { atomeId, version } of rows) {
    if (!wanted.has(atomeId)) wanted.set(atomeId, version - 1);
  }
  const chain = await ledger.alterations.deltaChain([...wanted].filter(([, version]) => version > 0));
  const sizes = new Map<string, number>();
  for (const { atomeId, changes, snapshot } of chain) {
    sizes.set(atomeId, (sizes.get(atomeId) ?? 0) + changes.length + (snapshot?.length ?? 0));
  }
  return [await foldDeltaChains(chain), sizes];
}

/** An alteration with its atome, which has not been altered since. */
function committedOf(row: AlterationRow, atomeRow: AtomeRow): Committed {
  const { prevHash, hash, size, version } = row;
  const atome = atomeOf(atomeRow);
  const { audience, ...current } = headerAndAudienceOf(atomeRow);
  // whether it was there before, and not where, is all that can be asked of a compact page
  const before = version === 1 ? null : headerOfAtome(atome);
  const { createdSeq } = atomeRow;
  return { alteration: alterationBodyOf(row), prevHash, hash, size, atome, before, createdSeq, current, audience };
}
