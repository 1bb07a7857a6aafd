import { clampHlc, fold, type Change, type HybridClock } from '../../protocol/index.js';
import { newAlteration } from '../new-alteration.js';
import type { Outcome, WriteOrigin } from '../outcome.js';
import type { Adopt, AdoptedChange } from './adopted-change.js';
import { appendEntry } from './append-entry.js';
import { completeChange } from './complete-change.js';
import type { GroupState } from './group-state.js';

/** What is adopted, of which atome. */
export interface Adoption {
  readonly atomeId: string;
  readonly adopt: Adopt;
}

/** Appends what another ledger has decided: rights, conditions, quotas and stamps have been judged there. */
export function adoptInto(
  group: GroupState,
  { atomeId, adopt }: Adoption,
  { sourceClient }: WriteOrigin,
  clock: HybridClock,
): Outcome {
  const unheard = group.committed.map(({ alteration }) => alteration).filter((each) => each.atomeId === atomeId);
  for (const each of adopt(group.atome(atomeId)?.state ?? null, unheard)) {
    const { author, opId, reason, superseded } = each;
    const target = group.atome(atomeId);
    const hlc = clampHlc(each.hlc, group.now);
    // what is written here from now on is later
    clock.observe(hlc);
    // an opId is its author's own, and theirs may have come here as well
    const own = group.known.recordOf(opId, author) ? null : opId;
    const alteration = newAlteration(
      group.nextPosition(atomeId, target),
      each.operation === 'redact' ? redactOf(each, atomeId, target) : each,
      { author, sourceClient, opId: own, reason },
      { hlc, superseded },
    );
    const state = fold(target?.state ?? null, alteration);
    group.add(alteration, state, target, appendEntry(group.head, alteration, state, target));
  }
  const { epoch, seq } = group.head;
  const version = group.atome(atomeId)?.row.version ?? 0;
  return { outcome: 'duplicate', epoch, atomeId, seq, version, superseded: [], altered: false };
}

function redactOf(
  { reason, hlc }: AdoptedChange,
  atomeId: string,
  target: Parameters<typeof completeChange>[1],
): Change {
  const redact = { operation: 'redact', changes: {}, opId: null, atomeId, baseVersion: null, hlc, reason } as const;
  return completeChange(redact, target, undefined);
}
