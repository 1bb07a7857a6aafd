import type { RangeFrame } from './server-messages.js';

/**
 * What a range reader at `cursor` does with a frame: with this rule, loss, doubling and reordering upstream become
 * latency and nothing else.
 * @returns what is new; undefined where everything in it is known; `missing` where something before it is, so that the
 * reader has to subscribe again from its cursor.
 */
export function decideFrame<Frame extends RangeFrame>(
  cursor: number,
  { from, to, events }: Frame,
): Frame['events'] | 'missing' | undefined {
  if (to <= cursor) return undefined;
  if (from > cursor) return 'missing';
  return from === cursor ? events : events.filter(({ seq }) => seq > cursor);
}
