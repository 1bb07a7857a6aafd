import { AtomeError, OPERATION_TRAITS, type AtomeState, type Operation } from '../../protocol/index.js';
import { entityTag } from '../entity-tag.js';

/* The conditions of RFC 9110 §13.1 on one atome, whoever evaluates them: a read, or the writer under the tenant's lock. */

/** An entity tag (RFC 9110 §8.8.3). */
export interface EntityTag {
  /** With its quotes, without the `W/` of a weak one. */
  readonly opaque: string;
  readonly isWeak: boolean;
}

/** The tags that a header names; `*` stands for any. */
export type EntityTags = '*' | readonly EntityTag[];

/** What must hold for a request to be carried out. */
export interface Preconditions {
  readonly ifMatch?: EntityTags | undefined;
  readonly ifNoneMatch?: EntityTags | undefined;
  /** In milliseconds since 1970; evaluated only without `ifMatch`. */
  readonly ifUnmodifiedSince?: number | undefined;
}

/** What preconditions look at: an atome that is there, as it is. */
export interface Selected {
  /** Its entity tag, with the quotes. */
  readonly etag: string;
  readonly version: number;
  readonly updatedAt: string;
}

/**
 * Says which precondition does not hold, in a sentence for the caller; undefined when all hold.
 * @param selected undefined where there is no atome.
 */
export function failedPrecondition(
  { ifMatch, ifNoneMatch, ifUnmodifiedSince }: Preconditions,
  selected: Selected | undefined,
): string | undefined {
  if (ifMatch !== undefined) {
    if (!selected) return 'there is no atome for If-Match to match; leave the header out to create it';
    if (!isMatched(ifMatch, selected)) return unmatched(ifMatch, selected);
  } else if (ifUnmodifiedSince !== undefined && selected && isModifiedSince(ifUnmodifiedSince, selected)) {
    return `the atome was written at ${selected.updatedAt}, after the time of If-Unmodified-Since; read it again and repeat`;
  }
  if (ifNoneMatch !== undefined && selected && (isKept(ifNoneMatch, selected) || namesVersion(ifNoneMatch, selected))) {
    return `the atome is there, at version ${selected.version}, which If-None-Match rules out; leave the header out to write it`;
  }
  return undefined;
}

/**
 * Holds a write against the atome that it meets. What is refused without preconditions is left to that refusal
 * (RFC 9110 §13.2.1).
 * @throws AtomeError `precondition_failed`.
 */
export function assertPreconditions(
  preconditions: Preconditions | undefined,
  operation: Operation,
  state: AtomeState | undefined,
  epoch: string,
): void {
  if (preconditions === undefined) return;
  const isRefused = state ? state.deletedAt !== null && !OPERATION_TRAITS[operation].onDeleted : operation !== 'create';
  if (isRefused) return;
  const failed = failedPrecondition(preconditions, state && { ...state, etag: entityTag(epoch, state) });
  if (failed !== undefined) throw new AtomeError('precondition_failed', failed, state && { version: state.version });
}

/** Whether `If-None-Match` of a read names what the caller would be sent (weak comparison, and only by its whole tag). */
export function isKept(tags: EntityTags, { etag }: Pick<Selected, 'etag'>): boolean {
  return tags === '*' || tags.some(({ opaque }) => opaque === etag);
}

/** Strong comparison; `"v3"` is short for the tag of version 3. */
function isMatched(tags: EntityTags, selected: Selected): boolean {
  if (tags === '*') return true;
  const strong = tags.filter(({ isWeak }) => !isWeak);
  return isKept(strong, selected) || namesVersion(strong, selected);
}

function namesVersion(tags: EntityTags, { version }: Selected): boolean {
  return tags !== '*' && tags.some(({ opaque }) => opaque === `"v${version}"`);
}

function unmatched(tags: EntityTags, { version }: Selected): string {
  const isWeak = tags !== '*' && tags.some((tag) => tag.isWeak);
  const advice = isWeak ? `a weak tag never matches, so send "v${version}" to mean that version` : 'read it again';
  return `the atome is at version ${version}, which If-Match does not name; ${advice} and repeat`;
}

/** Dates of HTTP have no fractions of a second. */
function isModifiedSince(time: number, { updatedAt }: Selected): boolean {
  return Math.floor(Date.parse(updatedAt) / 1_000) * 1_000 > time;
}
