import { normalizedRights, type Audience } from '../access.js';
import type { AtomeState } from '../atome.js';
import { AtomeError } from '../errors.js';
import type { Tombstone } from '../operations.js';

/* What an erasure leaves of an atome. */

/** The stamp of an erasure: it is the only one of an atome whose payload has been erased. */
export const REDACTED = 'redacted';

/** What a `redact` leaves of a state. */
export function tombstoneOf(
  { kind, type, parentId, ownerId, createdAt, access, inherited }: Tombstone,
  audience?: Audience,
): Tombstone {
  return {
    kind,
    type,
    parentId,
    ownerId,
    createdAt,
    ...normalizedRights({ access, inherited }),
    ...(audience && { audience }),
  };
}

/** Whether the payload of an atome has been erased: then it can neither be written nor restored. */
export function isRedacted({ clocks }: Pick<AtomeState, 'clocks'>): boolean {
  return Object.hasOwn(clocks, REDACTED);
}

/** The refusal of whatever would need the payload of an erased atome. */
export function redacted({ id, version, deletedAt }: Pick<AtomeState, 'id' | 'version' | 'deletedAt'>): AtomeError {
  return new AtomeError('gone', `the atome "${id}" was erased for good; make another one, under another id`, {
    version,
    deletedAt,
    redacted: true,
  });
}
