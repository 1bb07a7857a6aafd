import type { AccessRules, HybridClock, Limits } from '../../protocol/index.js';
import type { KindRules } from './kind-rules.js';
import type { Quotas } from './quotas.js';

/** What the decision of a write depends on besides the ledger. */
export interface WriteEnvironment {
  readonly clock: HybridClock;
  readonly limits: Limits;
  readonly quotas: Quotas;
  readonly rules: AccessRules;
  /** What the application asks of the atomes of its kinds; left out: nothing. */
  readonly kinds?: KindRules | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether there is memory for more writes that wait; left out: there is. */
  readonly memory?: { readonly hasRoom: () => boolean; readonly excess: string };
  /** Is told of writes that are refused for want of room: a cause that stays the same, and a line for the log. */
  readonly onRefused?: (cause: string, line: string) => void;
}
