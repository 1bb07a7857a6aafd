import type { Readable } from 'node:stream';
import { ndjson } from '../door/ndjson.js';
import type { LedgerReader } from '../ledger/reader.js';

/** A snapshot as lines of JSON: a header with `epoch`, `seq` and `hash`, and every atome as of exactly that seq. */
export function snapshotLines(
  reader: LedgerReader,
  tenant: string,
  kinds: readonly string[] | undefined,
  onError: (error: unknown) => void,
): Readable {
  return ndjson({
    header: async () => {
      const { epoch, seq, hash } = await reader.head(tenant);
      return { epoch, seq, hash };
    },
    records: ({ seq }) => reader.snapshot(tenant, seq, kinds),
    onError,
  });
}
