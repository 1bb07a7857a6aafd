import type { AccessRules, Principal } from '../protocol/index.js';
import type { Entry } from './entry.js';
import type { Batch } from './batch.js';

/**
 * What a reader may have of an entry, by the rights of now: `shown` all of it; `hidden` nothing; `left` nothing any more,
 * this is what took it away; `withheld` nothing any more, though it still could see the atome before and after.
 */
export type Visibility = 'shown' | 'hidden' | 'left' | 'withheld';

/** A principal who reads; equal keys have equal visibilities. */
export interface Viewer {
  readonly principal: Principal;
  readonly key: string;
}

export function viewerOf(principal: Principal): Viewer {
  const { id, roles, groups = [] } = principal;
  return { principal, key: JSON.stringify([id, roles, groups]) };
}

/** How a visibility stands in a mask. */
const LETTERS: Readonly<Record<Visibility, string>> = { shown: 's', hidden: 'h', left: 'l', withheld: 'b' };
const BY_LETTER = new Map(Object.entries(LETTERS).map(([word, letter]) => [letter, word as Visibility]));

/**
 * The visibilities of the entries of a batch, a letter each, in their order; '' where everybody may read them all. Made
 * once for each batch and key, and a key of what is encoded: readers with the same mask get the same bytes. It names the
 * open entries too, because which those are may change.
 */
export function visibilityMask(batch: Batch, viewer: Viewer, rules: AccessRules): string {
  if (!batch.restricted) return '';
  let mask = batch.visibilityMasks.get(viewer.key);
  if (mask === undefined) {
    mask = '';
    for (const entry of batch.entries) {
      mask +=
        LETTERS[entry.restricted ? visibilityOf(entry, batch.compact !== undefined, viewer.principal, rules) : 'shown'];
    }
    batch.visibilityMasks.set(viewer.key, mask);
  }
  return mask;
}

/** What one reader may have of an entry. */
export function visibilityOf(entry: Entry, compact: boolean, principal: Principal, rules: AccessRules): Visibility {
  const { before, after, audience } = entry;
  if (rules.isAllowed(principal, 'read', entry.current)) return 'shown';
  // in between it may have been shown and hidden again; of what was erased nobody can tell
  if (compact || entry.redacts)
    return entry.existed && (!audience || rules.couldEverRead(principal, audience)) ? 'left' : 'hidden';
  if (!before || !rules.isAllowed(principal, 'read', before)) return 'hidden';
  return rules.isAllowed(principal, 'read', after) ? 'withheld' : 'left';
}

/** Each entry of a batch with its visibility; what is restricted and not in the mask is hidden. */
export function* withVisibility(
  { entries }: Pick<Batch, 'entries'>,
  mask: string,
): Generator<readonly [Entry, Visibility]> {
  for (const [at, entry] of entries.entries())
    yield [entry, entry.restricted ? (BY_LETTER.get(mask.charAt(at)) ?? 'hidden') : 'shown'];
}
