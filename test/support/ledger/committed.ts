import type { Committed } from '../../../src/ledger/outcome.js';
import type { AtomeHeader } from '../../../src/protocol/index.js';

/** An update of a note as the writer hands it to the feed, with hashes that follow from seq. */
export function committed(seq: number, more: CommittedParts = {}): Committed {
  const { id = 'a', kind = 'note', before = null, size = 100, sourceClient = null } = more;
  const timestamp = '2026-01-31T12:00:00.000Z';
  const base = { seq, atomeId: id, version: seq, opId: null, hlc: 'h', timestamp, superseded: [] };
  return {
    alteration: { ...base, operation: 'update', changes: {}, reason: null, author: 'somebody', sourceClient },
    prevHash: `h${seq - 1}`,
    hash: `h${seq}`,
    size,
    atome: {
      id,
      kind,
      type: null,
      data: {},
      meta: {},
      parentId: null,
      ownerId: 'somebody',
      version: seq,
      createdAt: timestamp,
      updatedAt: timestamp,
      deletedAt: null,
    },
    before: before && { type: null, parentId: null, ownerId: 'somebody', ...before },
  };
}

interface CommittedParts {
  readonly id?: string;
  readonly kind?: string;
  readonly size?: number;
  readonly sourceClient?: string | null;
  readonly before?: Pick<AtomeHeader, 'id' | 'kind'> | null;
}
