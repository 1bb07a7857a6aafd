import { createHash } from 'node:crypto';
import {
  clampHlc,
  contentOf,
  decide,
  equalJson,
  fold,
  formatHlc,
  guardJson,
  HLC_PATTERN,
  invalid,
  isObject,
  MAX_COUNTER,
  parseCreateBody,
  parseDeleteBody,
  parseId,
  parseReplaceBody,
  type AtomeState,
  type Limits,
  type Mutation,
  type Principal,
  type ReadyMutation,
} from '../protocol/index.js';
import { parseAsOfPoint } from '../http/as-of.js';
import { contentOf as contentByName } from './fields.js';

/** An atome as another server had it, and the writes that it may come to here. */
export interface Pushed {
  readonly id: string;
  /** Without a time of its own the write is stamped when it arrives. */
  readonly isTimed: boolean;
  readonly isDeleted: boolean;
  readonly create: () => Mutation;
  readonly replace: () => Mutation;
  readonly delete: () => Mutation;
}

/** @throws AtomeError `invalid` or `too_complex` for what is no atome with an id. */
export function pushedOf(input: unknown, by: Principal, limits: Limits): Pushed {
  if (!isObject(input)) throw invalid([{ path: 'atomes', message: 'must be an array of atomes, each a JSON object' }]);
  guardJson(input, limits);
  const id = parseId(input.id);
  const { kind = 'generic', ...content } = contentByName(input);
  const { access } = input;
  const hlc = stampOf(input);
  const digest = createHash('sha256')
    .update(JSON.stringify([by.id, input]))
    .digest('base64url');
  // the same atome in the same state is the same write, however often it is pushed
  const named = (mutation: Mutation): Mutation => ({ ...mutation, hlc, opId: `sync/${mutation.operation}/${digest}` });
  const body = { ...content, kind };
  return {
    id,
    isTimed: hlc !== null,
    isDeleted: input.deleted === true || (input.deletedAt ?? input.deleted_at ?? null) !== null,
    create: () => named(parseCreateBody({ id, ...body, ...(access !== undefined && { access }) }, {}, limits)),
    replace: () => named(parseReplaceBody(id, body, {}, limits)),
    delete: () => named(parseDeleteBody(id, undefined, {}, limits)),
  };
}

/** The form of SQLite, which is UTC and says so nowhere. */
const WITHOUT_ZONE = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)$/;
/** What a stamp holds. */
const LAST_MS = 999_999_999_999_999;

/** When the atome was last written where it comes from. Nothing of that millisecond is newer. */
function stampOf({ hlc, updatedAt, updated_at: alsoUpdatedAt }: Record<string, unknown>): string | null {
  if (typeof hlc === 'string' && HLC_PATTERN.test(hlc)) return hlc;
  const [path, time] = updatedAt == null ? ['updated_at', alsoUpdatedAt] : ['updatedAt', updatedAt];
  if (time === undefined || time === null) return null;
  const ms = millisecondsOf(time, path);
  if (Number.isInteger(ms) && ms >= 0 && ms <= LAST_MS) return formatHlc(ms, MAX_COUNTER, 'sync');
  throw invalid([{ path, message: 'must be a time since 1970, in ISO 8601 or as a number of milliseconds' }]);
}

/** NaN for what is no time. @throws AtomeError `invalid` for a day or a time of day that there is not. */
function millisecondsOf(time: unknown, path: string): number {
  if (typeof time === 'number') return time;
  if (typeof time !== 'string') return NaN;
  const point = parseAsOfPoint(time.replace(WITHOUT_ZONE, '$1T$2Z'), path);
  return 'time' in point ? Date.parse(point.time) : NaN;
}

/** Whether a write would leave the content as it is, because all that it would set is newer here. */
export function isOld(state: AtomeState, mutation: Mutation, limits: Limits, now: number): boolean {
  if (mutation.hlc === null) return false;
  const ready = mutation as ReadyMutation;
  const hlc = clampHlc(mutation.hlc, now);
  const decision = decide(state, ready, hlc, limits);
  if (decision.outcome === 'noop') return true;
  const { version, updatedAt: timestamp, ownerId: author } = state;
  const { superseded } = decision;
  const next = fold(state, { ...ready, version, hlc, timestamp, author, superseded });
  return equalJson(contentOf(next), contentOf(state)) && next.deletedAt === state.deletedAt;
}
