import { keysNamed, PARTS, type Foldable, type JsonObject, type Part } from '../../protocol/index.js';
import { changeOf, foldDeltaChains, stateOnto } from '../delta-chain.js';
import { isErased } from '../erasure.js';
import { membersIn, membersOf, objectText, rewritten } from '../json-text.js';
import { withoutClocks } from '../row-mapper.js';
import type { AtomeInText, DeltaRow } from '../rows.js';
import { LARGE, turnBySize } from '../turns.js';

type Keys = Readonly<Record<Part, Set<string>>>;

/** A row behind the base of a chain, with the keys that it asks for or writes. */
interface Delta {
  readonly row: DeltaRow;
  readonly change: Foldable;
  readonly named: Readonly<Record<Part, readonly string[]>>;
}

/** The state after the last row of a chain that begins with a base; undefined where it has been erased. */
export async function foldText(rows: readonly DeltaRow[]): Promise<AtomeInText | undefined> {
  const folded = await foldNamed(rows);
  if (folded) return folded;
  const [state] = (await foldDeltaChains(rows)).values();
  if (!state) return undefined;
  return { ...withoutClocks(state), data: JSON.stringify(state.data), meta: JSON.stringify(state.meta) };
}

/**
 * What no row names stays the text that it is in the base: the rows are folded onto the other keys, which comes to the same
 * for these. undefined where that cannot be done.
 */
async function foldNamed([base, ...rows]: readonly DeltaRow[]): Promise<AtomeInText | undefined> {
  if (!base || isErased(base)) return undefined;
  const column = base.snapshot === null ? 'changes' : 'snapshot';
  const whole = base[column]!;
  // little would be passed by, and whole states are folded in turns
  if (rows.reduce((sum, { changes }) => sum + changes.length, 0) > Math.max(whole.length, LARGE)) return undefined;
  const deltas = await deltasOf(rows);
  const documents = membersOf(whole, new Set(PARTS.map((part) => JSON.stringify(part))));
  if (!deltas || documents.size < PARTS.length) return undefined;
  const keys = keysOf(deltas.map(({ named }) => named));
  const before = (part: Part): string => documents.get(JSON.stringify(part))!;
  const written = new Map(
    PARTS.map((part) => [JSON.stringify(part), objectText(membersOf(before(part), keys[part]))] as const),
  );
  const few = rewritten(whole, { keys: new Set(written.keys()), written, moved: new Set() });
  let state = stateOnto(null, { ...base, [column]: few });
  const away: Delta['named'][] = [];
  for (const { row, change, named } of deltas) {
    state = stateOnto(state, row, change);
    if (!state) return undefined;
    const { data, meta } = state;
    const isAway = (object: JsonObject) => (key: string) => !Object.hasOwn(object, key);
    away.push({ data: named.data.filter(isAway(data)), meta: named.meta.filter(isAway(meta)) });
  }
  if (!state) return undefined;
  const moved = keysOf(away);
  const { data, meta, ...rest } = withoutClocks(state);
  const textOf = (part: Part, object: JsonObject): string =>
    rewritten(before(part), { keys: keys[part], written: membersIn(object), moved: moved[part] });
  return { ...rest, data: textOf('data', data), meta: textOf('meta', meta) };
}

/** undefined where one may write any key. */
async function deltasOf(rows: readonly DeltaRow[]): Promise<Delta[] | undefined> {
  const deltas: Delta[] = [];
  const pace = turnBySize();
  for (const row of rows) {
    const due = pace(row.changes.length);
    if (due) await due;
    const change = changeOf(row);
    const named = row.snapshot === null && !isErased(row) && keysNamed(change);
    if (!named) return undefined;
    deltas.push({ row, change, named });
  }
  return deltas;
}

/** As JSON. */
function keysOf(named: readonly Delta['named'][]): Keys {
  const all = (part: Part): Set<string> =>
    new Set(named.flatMap((each) => each[part].map((key) => JSON.stringify(key))));
  return { data: all('data'), meta: all('meta') };
}
