import { GROUPS, type GroupSignal } from '../signals.js';
import type { QueuedWrite } from './waiting-writes.js';

/** Tells whoever measures what a group was, how long it waited, and how long it took. */
export function measure(
  writes: readonly QueuedWrite[],
  begun: number,
  came: Pick<GroupSignal, 'outcomes' | 'committed'>,
): void {
  const { cameAt } = writes[0]!;
  const waitedMs = cameAt === 0 ? 0 : begun - cameAt;
  const signal: GroupSignal = { ...came, size: writes.length, waitedMs, tookMs: performance.now() - begun };
  GROUPS.publish(signal);
}
