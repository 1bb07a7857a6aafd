import type { RangeFrame } from './server-messages.js';

/** What a range reader at `cursor` does with a frame. */
export type FrameDecision =
  /** Apply these events and set the cursor to `to`, in one local transaction. */
  | { readonly action: 'apply'; readonly events: RangeFrame['events']; readonly to: number }
  /** Everything in it is known. */
  | { readonly action: 'drop' }
  /** Something is missing before it: subscribe again from the cursor. */
  | { readonly action: 'resubscribe' };

/** The client's rule: with it, loss, doubling and reordering upstream become latency and nothing else. */
export function decideFrame(cursor: number, frame: RangeFrame): FrameDecision {
  if (frame.to <= cursor) return { action: 'drop' };
  if (frame.from > cursor) return { action: 'resubscribe' };
  const events = frame.from === cursor ? frame.events : frame.events.filter(({ seq }) => seq > cursor);
  return { action: 'apply', events, to: frame.to };
}
