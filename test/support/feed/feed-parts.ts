import { ReadSlots } from '../../../src/auth/admission/read-slots.js';
import type { FeedParts } from '../../../src/feed/ledger-tail.js';
import { DEFAULT_FEED_OPTIONS, type FeedOptions } from '../../../src/feed/options.js';
import { PageCache } from '../../../src/feed/page-cache.js';
import type { LedgerReaders } from '../../../src/ledger/read/ledger-readers.js';
import { OPEN_RULES, type AccessRules } from '../../../src/protocol/index.js';

/** What the logs over a ledger share, with pages of their own. */
export function feedParts(
  ledgers: LedgerReaders,
  options: FeedOptions = DEFAULT_FEED_OPTIONS,
  rules: AccessRules = OPEN_RULES,
): FeedParts {
  const pages = new PageCache(options.pageBytes);
  return { ledgers, options, rules, pages, rings: { bytes: 0 }, slots: new ReadSlots().light };
}
