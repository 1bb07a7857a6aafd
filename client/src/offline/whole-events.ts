import type { Atome, AtomeEvent, RangeFrame } from '../../../src/protocol/index.js';
import type { PendingWrite } from '../storage/store.js';
import type { View } from './view.js';

/**
 * Events with the atome in each delta among them.
 * @returns undefined where an atome is not known as it was before its delta.
 */
export function wholeEvents(
  events: RangeFrame['events'],
  { confirmed, partsOf }: Pick<View, 'confirmed' | 'partsOf'>,
): readonly AtomeEvent[] | undefined {
  const now = new Map<string, Atome | undefined>();
  const whole: AtomeEvent[] = [];
  for (const event of events) {
    if (event.type !== 'atome:delta') {
      const { atomeId, atome } = event as { readonly atomeId?: string; readonly atome?: Atome };
      now.set(atome?.id ?? atomeId!, atome);
      whole.push(event);
      continue;
    }
    const { alteration, seq } = event;
    const { atomeId, version, timestamp, sourceClient, opId } = alteration;
    const before = (now.has(atomeId) ? now : confirmed).get(atomeId);
    if (before?.version !== version - 1) return undefined;
    const parts = partsOf(before, alteration as unknown as PendingWrite, timestamp);
    const atome = { ...before, ...parts, version, updatedAt: timestamp };
    now.set(atomeId, atome);
    whole.push({ type: 'atome:altered', atomeId, alteration, atome, sourceClient, timestamp, seq, opId });
  }
  return whole;
}
