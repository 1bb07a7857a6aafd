import { fold, isRedacted, type AlterationBody, type Atome, type AtomeState } from '../protocol/index.js';

/** What upstream has under an id: an atome, deleted or not; `none`: nothing that is known or may be read. */
export type UpstreamAtome = Atome | 'none' | 'erased';

/**
 * What the edge is to show of an atome: what upstream has, with the local writes on top that it has not decided yet.
 * @param present what is shown now.
 * @returns null: nothing.
 */
export function shownOf(
  upstream: UpstreamAtome,
  waiting: readonly AlterationBody[],
  present: AtomeState | null,
): AtomeState | 'erased' | null {
  if (upstream === 'erased' || (present && isRedacted(present))) return 'erased';
  const deleted = present && { ...present, deletedAt: present.deletedAt ?? present.updatedAt };
  let shown = upstream === 'none' ? deleted : { ...upstream, clocks: {} };
  // it is not known to upstream yet: nothing of it is from there
  if (upstream === 'none' && waiting[0]?.operation === 'create') shown = null;
  for (const each of waiting) shown = withWrite(shown, each);
  return shown;
}

/** As upstream would decide it, which it may not; the stamps of keys are known there alone. */
export function withWrite(shown: AtomeState | null, write: AlterationBody): AtomeState | null {
  const { operation } = write;
  if (operation === 'create' ? shown : !shown || (shown.deletedAt !== null && operation !== 'restore')) return shown;
  try {
    return fold(shown, write);
  } catch {
    // a patch that does not fit what is there now
    return shown;
  }
}
