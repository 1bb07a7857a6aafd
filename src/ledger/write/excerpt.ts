import { keysNamed, type Change, type Clocks, type Mutation, type Part } from '../../protocol/index.js';
import { membersIn, membersOf, objectText, rewritten } from '../json-text.js';
import { lazyAtome } from '../lazy-atome.js';
import { stateOf } from '../row-mapper.js';
import type { AtomeRow } from '../rows.js';
import { LARGE } from '../turns.js';
import type { KindRules } from './kind-rules.js';
import { documentOf, pendingOf, type Excerpt, type PendingAtome } from './pending-atome.js';

type Keys = Readonly<Record<Part, ReadonlySet<string>>>;

/**
 * A large atome with the keys only that a write names. All of it where that may be any, and where the application's rules
 * for its kind look at it.
 */
export function excerptOf(target: PendingAtome, change: Change | Mutation, kinds?: KindRules): PendingAtome {
  const named = target.row.size >= LARGE && !kinds?.isJudged(target.header.kind) && keysNamed(change);
  if (!named) return target;
  const row = documentOf(target.row);
  const keys: Keys = { data: asJson(named.data), meta: asJson(named.meta) };
  const few = (part: Part): string => objectText(membersOf(row[part], keys[part]));
  const state = stateOf({ ...row, data: few('data'), meta: few('meta') });
  const { header, audience } = target;
  const isElsewhere = elsewhere(row, keys, state.clocks);
  const documentsOf: Excerpt['documentsOf'] = (after) => {
    const whole = (part: Part): string =>
      rewritten(row[part], { keys: keys[part], written: membersIn(after[part]), moved: NONE });
    return { data: whole('data'), meta: whole('meta') };
  };
  return { row, header, audience, state, shown: lazyAtome(row), excerpt: { isElsewhere, documentsOf } };
}

/** What comes of an excerpt: it is taken apart where the next write asks for it. */
export function writtenExcerpt(row: AtomeRow): PendingAtome {
  return Object.defineProperty(pendingOf(row), 'shown', { value: lazyAtome(row) });
}

const NONE: ReadonlySet<string> = new Set();

function asJson(keys: readonly string[]): Set<string> {
  return new Set(keys.map((key) => JSON.stringify(key)));
}

/** Whether there are keys is asked of those that have stamps, and seldom. */
function elsewhere(row: AtomeRow, named: Keys, clocks: Clocks): Excerpt['isElsewhere'] {
  const there: Partial<Record<Part, ReadonlyMap<string, string>>> = {};
  const stamped = (part: Part): Set<string> => {
    const paths = Object.keys(clocks).filter((path) => path.startsWith(`${part}.`));
    return asJson(paths.map((path) => path.slice(part.length + 1)));
  };
  return (part, key) => {
    const text = JSON.stringify(key);
    return !named[part].has(text) && (there[part] ??= membersOf(row[part], stamped(part))).has(text);
  };
}
