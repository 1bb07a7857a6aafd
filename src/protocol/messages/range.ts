import type { RangeFrame } from './server-messages.js';

/** The events of a frame that are to be applied in one local transaction, with the cursor set to its `to`. */
type NewEvents = RangeFrame['events'];

/**
 * What a range reader at `cursor` does with a frame: with this rule, loss, doubling and reordering upstream become
 * latency and nothing else.
 * @returns what is new; undefined where everything in it is known; `missing` where something before it is, so that the
 * reader has to subscribe again from its cursor.
 */
export function decideFrame(cursor: number, { from, to, events }: RangeFrame): NewEvents | 'missing' | undefined {
  if (to <= cursor) return undefined;
  if (from > cursor) return 'missing';
  return from === cursor ? events : events.filter(({ seq }) => seq > cursor);
}
