import type { AccessRules, Principal } from '../protocol/index.js';
import type { Entry } from './entry.js';
import type { Batch } from './batch.js';

/**
 * What a reader may have of an entry, by the rights of now: `s` all of it; `h` nothing; `l` nothing any more, this is
 * what took it away; `b` nothing any more, though it still could see the atome before and after.
 */
export type Visibility = 's' | 'h' | 'l' | 'b';

/** A principal who reads; equal keys have equal visibilities. */
export interface Viewer {
  readonly principal: Principal;
  readonly key: string;
}

export function viewerOf(principal: Principal): Viewer {
  const { id, roles, groups = [] } = principal;
  return { principal, key: JSON.stringify([id, roles, groups]) };
}

/**
 * The verdicts on the entries of a batch, in their order; '' where everybody may read them all. Made once for each batch
 * and key, and a key of what is encoded: readers with the same verdicts get the same bytes. It names the open entries
 * too, because which those are may change.
 */
export function visibilityMask(batch: Batch, viewer: Viewer, rules: AccessRules): string {
  if (!batch.restricted) return '';
  let pattern = batch.visibilityMasks.get(viewer.key);
  if (pattern === undefined) {
    pattern = '';
    for (const entry of batch.entries) {
      pattern += entry.restricted ? visibilityOf(entry, batch.compact, viewer.principal, rules) : 's';
    }
    batch.visibilityMasks.set(viewer.key, pattern);
  }
  return pattern;
}

function visibilityOf(entry: Entry, compact: boolean, principal: Principal, rules: AccessRules): Visibility {
  const { before, after, audience } = entry;
  if (rules.isAllowed(principal, 'read', entry.current)) return 's';
  // in between it may have been shown and hidden again; of what was erased nobody can tell
  if (compact || entry.redacts)
    return entry.existed && (!audience || rules.couldEverRead(principal, audience)) ? 'l' : 'h';
  if (!before || !rules.isAllowed(principal, 'read', before)) return 'h';
  return rules.isAllowed(principal, 'read', after) ? 'b' : 'l';
}

/** Each entry of a batch with the verdict on it; without one, what is restricted is hidden. */
export function* withVisibility(
  { entries }: Pick<Batch, 'entries'>,
  pattern: string,
): Generator<readonly [Entry, Visibility]> {
  for (const [at, entry] of entries.entries())
    yield [entry, entry.restricted ? ((pattern[at] ?? 'h') as Visibility) : 's'];
}
