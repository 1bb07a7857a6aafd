import {
  AtomeError,
  DEFAULT_LIMITS,
  HLC_PATTERN,
  isEntries,
  isObject,
  OP_ID_PATTERN,
  parseMutate,
  type AlterationBody,
  type Atome,
} from '../protocol/index.js';

/* What is taken from upstream at most. */

/** The longest message, line or answer, in bytes: a frame holds many atomes. */
export const MOST_BYTES = 64 * 1024 * 1024;
/** Longer than upstream wants to be left alone it is not, in milliseconds. */
const LONGEST_REST_MS = 10 * 60_000;
/** How much is kept, and logged, of what upstream says. */
const SAID_CHARS = 500;
/** A name of somebody, as columns have room for it. */
const NAME = /^[^\p{Cc}\p{Cs}]{1,128}$/u;
const REASON = /^[^\0\p{Cs}]{0,4096}$/u;
/** Upstream may be set to more than this server takes from its own clients. */
const LIMITS = { ...DEFAULT_LIMITS, messageBytes: MOST_BYTES, jsonNodes: 10_000_000, jsonDepth: 256 };

/** When upstream wants to be asked again, in milliseconds: what is no number is at once. */
export function restOf(ms: unknown): number {
  const rest = Number(ms);
  return Number.isFinite(rest) ? Math.min(Math.max(rest, 0), LONGEST_REST_MS) : 0;
}

/** A sentence of upstream as one line of bounded length. */
export function saidOf(text: unknown): string {
  return String(text)
    .slice(0, SAID_CHARS)
    .replace(/[\p{Cc}\p{Cs}]+/gu, ' ');
}

/** @returns what is wrong with an atome of upstream, by the rules for those of clients; undefined: it can be kept. */
export function faultOf(atome: Atome): string | undefined {
  try {
    const { id, ownerId, kind, type, data, meta, parentId, access, inherited, createdAt, updatedAt, deletedAt } = atome;
    const asked = access === undefined ? {} : { access };
    parseMutate(
      { opId: 'x', operation: 'create', atomeId: id, kind, atomeType: type, data, meta, parentId, ...asked },
      LIMITS,
    );
    if (!isName(ownerId)) return 'ownerId';
    if (!isInherited(inherited)) return 'inherited';
    return [createdAt, updatedAt, deletedAt ?? createdAt].every(isTime) ? undefined : 'a time';
  } catch (error) {
    return error instanceof AtomeError ? error.message : 'it is none';
  }
}

/** An alteration of upstream under whose names it can be written here; undefined for another. */
export function soundAlteration(alteration: AlterationBody | undefined): AlterationBody | undefined {
  if (!alteration) return undefined;
  const { author, hlc, reason, superseded } = alteration;
  const isSound =
    isName(author) &&
    HLC_PATTERN.test(hlc) &&
    (reason === null || REASON.test(reason)) &&
    Array.isArray(superseded) &&
    superseded.every((path) => typeof path === 'string');
  return isSound ? alteration : undefined;
}

/** A name that a write can have; null for what is none. */
export function soundOpId(opId: unknown): string | null {
  return typeof opId === 'string' && OP_ID_PATTERN.test(opId) ? opId : null;
}

/** A time in milliseconds; now for what is none. */
export function soundTime(text: unknown): number {
  return isTime(text) ? Date.parse(text) : Date.now();
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && NAME.test(name);
}

function isTime(text: unknown): text is string {
  return typeof text === 'string' && Date.parse(text) >= 0;
}

function isInherited(inherited: Atome['inherited'] | null): boolean {
  if (inherited === undefined || inherited === 'tenant' || inherited === 'private') return true;
  return isObject(inherited) && isEntries(inherited.read) && isEntries(inherited.write);
}
