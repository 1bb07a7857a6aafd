import type { AccessRules, HybridClock, Limits } from '../../protocol/index.js';
import type { KindRules } from './kind-rules.js';
import type { Quotas } from './quotas.js';

/** What tenants write at other servers, with which they share their rate. */
export interface OtherWriters {
  /** A tenant has been charged for so many writes here. */
  wrote(tenant: string, writes: number): void;
  /** @param charge is told of those of others. */
  onWrites(charge: (tenant: string, writes: number) => void): void;
}

/** What the decision of a write depends on besides the ledger. */
export interface WriteEnvironment {
  readonly clock: HybridClock;
  readonly limits: Limits;
  readonly quotas: Quotas;
  readonly rules: AccessRules;
  /** What the application asks of the atomes of its kinds; left out: nothing. */
  readonly kinds?: KindRules | undefined;
  /** Milliseconds since 1970: for stamps. */
  readonly now: () => number;
  /** Left out: there are none. */
  readonly elsewhere?: OtherWriters | undefined;
  /** Whether there is memory for more writes that wait; left out: there is. */
  readonly memory?: { readonly hasRoom: () => boolean; readonly excess: string };
  /** Is told of writes that are refused for want of room: a cause that stays the same, and a line for the log. */
  readonly onRefused?: (cause: string, line: string) => void;
}
