import type { AlterationBody } from '../alteration.js';
import { KEY_OPERATIONS } from '../operations.js';

/**
 * Whether whoever has the atome at the version before needs the changes alone to follow: they write keys, and lost none of
 * them. JSON Patch is not among them, which not every client has.
 */
export function isDelta({ operation, changes, superseded }: AlterationBody): boolean {
  return (
    (KEY_OPERATIONS as readonly string[]).includes(operation) && superseded.length === 0 && !Array.isArray(changes)
  );
}
