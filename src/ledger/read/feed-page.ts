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
  return asOfNow(ledger, await committed(ledger, rows, hasPrevious), false);
}

/** See `LedgerReader.newestPage`. */
export async function readNewestPage(ledger: TenantLedger, after: number, chars: number): Promise<NewestPage> {
  for (;;) {
    const floor = await floorSeqOf(ledger);
    if (after < floor) {
      const rows = await ledger.alterations.archivedNewest({ after, upTo: floor, limit: PAGE_ROWS, chars });
      if (rows.length > 0) return { committed: await newest(ledger, rows, true), isLast: false };
    }
    const page = { after: Math.max(after, floor), upTo: Number.MAX_SAFE_INTEGER, limit: PAGE_ROWS, chars };
    const rows = await ledger.alterations.newest({ ...page, isPast: true });
    // where it has moved meanwhile, those that it has passed are missing
    if ((await floorSeqOf(ledger)) !== floor) continue;
    const size = rows.reduce((sum, row) => sum + row.size, 0);
    return { committed: await newest(ledger, rows), isLast: rows.length < PAGE_ROWS && size <= chars };
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
 * The state after the newest alteration of an atome is its row: nothing has to be folded.
 * @param areArchived what has been altered since the rows were read is left out, as it comes behind them.
 */
async function newest(ledger: TenantLedger, read: readonly AlterationRow[], areArchived = false): Promise<Committed[]> {
  const ids = read.map(({ atomeId }) => atomeId);
  const atomes = new Map((await ledger.atomes.some(ids)).map((row) => [row.id, row]));
  const isNewest = ({ atomeId, version }: AlterationRow): boolean => atomes.get(atomeId)?.version === version;
  const rows = areArchived ? read.filter(isNewest) : read;
  // some may have been altered between the two questions
  const past = await committed(
    ledger,
    rows.filter((row) => !isNewest(row)),
    true,
  );
  const pastBySeq = new Map((await asOfNow(ledger, past, true)).map((each) => [each.alteration.seq, each]));
  const made: Committed[] = [];
  const turn = turnBySize();
  for (const row of rows) {
    const due = turn(row.size);
    if (due) await due;
    made.push(pastBySeq.get(row.seq) ?? committedOf(row, atomes.get(row.atomeId)!));
  }
  return made;
}

/** Adds to each row the state after it: an event shows the whole atome, the ledger keeps deltas. */
async function committed(
  ledger: TenantLedger,
  rows: readonly AlterationRow[],
  hasPrevious: boolean,
): Promise<Committed[]> {
  const [states, sizes] = await statesBefore(ledger, rows);
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

/** The state of each atome just before its first row in the page, and about its size. With `compact` rows are each atome's only one. */
async function statesBefore(
  ledger: TenantLedger,
  rows: readonly AlterationRow[],
): Promise<[states: Map<string, AtomeState | null>, sizes: Map<string, number>]> {
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
