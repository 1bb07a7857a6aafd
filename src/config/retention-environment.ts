import { spanOf } from '../ledger/compaction/before.js';
import { DEFAULT_RETENTION, type RetentionOptions } from './module-options.js';
import { MIN_SECRET_BYTES } from './option-checks.js';
import type { VariableReader } from './variable-reader.js';

/** How long alterations stay in the ledger, and where they go. */
export function readRetention(read: VariableReader): RetentionOptions {
  const span = (name: string, empty: string): number | undefined =>
    spanOf(read.text(name, '', /^(?:\d{1,9}[smhdw])?$/, `how long, such as 90d, 12w or 36h; empty: ${empty}`));
  const ledgerKey = read.optional('LEDGER_KEY');
  if (ledgerKey !== undefined && Buffer.byteLength(ledgerKey) < MIN_SECRET_BYTES)
    read.refuse(`LEDGER_KEY: expected at least ${MIN_SECRET_BYTES} bytes, such as those of: openssl rand -base64 48`);
  return {
    keepMs: span('RETENTION', 'for good') ?? DEFAULT_RETENTION.keepMs,
    consumersExpireMs: span('CONSUMER_EXPIRES', 'never') ?? DEFAULT_RETENTION.consumersExpireMs,
    archiveFolder: read.text('ARCHIVE_FOLDER', DEFAULT_RETENTION.archiveFolder, /./, 'a folder'),
    ...(ledgerKey !== undefined && { ledgerKey }),
  };
}
