import { hash } from 'node:crypto';
import type { Atome } from '../protocol/index.js';

/** Characters of a tag between its quotes: 96 bits of the hash. */
const TAG_CHARS = 16;

/**
 * The entity tag of an atome in one of its versions. The epoch tells ledgers apart, and so tenants; the time tells apart
 * what a restored copy of a ledger has at a version that was there before.
 */
export function entityTag(
  epoch: string,
  { id, version, updatedAt }: Pick<Atome, 'id' | 'version' | 'updatedAt'>,
): string {
  const digest = hash('sha256', `${epoch} ${id} ${version} ${updatedAt}`, 'base64url');
  return `"${digest.slice(0, TAG_CHARS)}"`;
}
