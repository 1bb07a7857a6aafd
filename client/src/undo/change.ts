import type { Atome, JsonObject, JsonValue } from '../../../src/protocol/index.js';
import { equalJson } from '../../../src/protocol/json.js';
import { partsOf, prepare } from '../offline/optimistic.js';
import type { Client, PendingWrite } from '../index.js';

/** What a write has made of an atome; null where there was none before, or is none after it. */
export interface Change {
  readonly id: string;
  readonly before: Atome | null;
  readonly after: Atome | null;
}

/** What became of a change that was to be taken back. */
export interface Reverted {
  /** What takes this back in turn; undefined where nothing was written. */
  readonly inverse: Change | undefined;
  /** The parts that were left, such as `data.title`, because they are no longer what the write had made of them. */
  readonly kept: readonly string[];
}

/** What a write sets. */
export type Setting = Partial<PendingWrite>;

/** The parts of an atome beside `data` and `meta`, whose keys are parts each. */
const PLAIN = ['kind', 'type', 'parentId'] as const;
const NESTED = ['data', 'meta'] as const;

/** What a write makes of what there is; undefined where that is nothing new, or where only the server knows. */
export async function changeOf(before: Atome | null, write: Setting): Promise<Change | undefined> {
  if (!before) return undefined;
  await prepare([write]);
  const parts = partsOf(before, write as PendingWrite, '');
  if (!parts) return undefined;
  const after = write.operation === 'delete' ? null : { ...before, ...parts };
  const change = { id: before.id, before, after };
  return differing(change).length > 0 ? change : undefined;
}

/** Writes what brings the state before a change back, as far as what is there is still what the change has made. */
export async function revert(client: Client, change: Change): Promise<Reverted> {
  const { id, before, after } = change;
  const now = await client.get(id);
  const named = differing(change);
  if (!after) {
    // somebody else has brought it back
    if (now) return { inverse: undefined, kept: named };
    // a deletion was one version more; where anything else came between, the server refuses and the write is told of
    const { version } = before!;
    await client.restore(id, version, { baseVersion: version + 1 });
    return { inverse: { id, before: null, after: before }, kept: [] };
  }
  const kept = now ? named.filter((part) => !equalJson(at(now, part), at(after, part))) : named;
  const due = named.filter((part) => !kept.includes(part));
  // an atome that somebody has altered is deleted no more than one that is gone
  if (!now || due.length === 0 || (!before && kept.length > 0)) return { inverse: undefined, kept };
  if (!before) {
    await client.delete(id);
    return { inverse: { id, before: now, after: null }, kept };
  }
  const then = await bring(client, now, before, due);
  return { inverse: { id, before: now, after: then }, kept };
}

/** Writes the values that parts had. @returns the atome as it shows then. */
async function bring(client: Client, now: Atome, before: Atome, due: readonly string[]): Promise<Atome> {
  const { id } = now;
  const keysIn = (name: string): string[] =>
    due.filter((part) => part.startsWith(`${name}.`)).map((part) => part.slice(name.length + 1));
  const data = withKeys(now.data, before.data, keysIn('data'));
  const meta = withKeys(now.meta, before.meta, keysIn('meta'));
  const plain = PLAIN.filter((name) => due.includes(name)).map((name) => [name, before[name]] as const);
  const [gone, set] = [keysIn('data').filter((key) => !(key in data)), keysIn('data').filter((key) => key in data)];
  if (set.length > 0) await client.update(id, Object.fromEntries(set.map((key) => [key, data[key]!])));
  // by a merge patch: somebody else may take them away at the same time
  if (gone.length > 0) await client.patch(id, Object.fromEntries(gone.map((key) => [key, null])));
  const [first, ...others] = keysIn('meta');
  const isTags = first === 'tags' && others.length === 0 && Array.isArray(meta.tags);
  if (isTags) await client.tag(id, meta.tags as string[]);
  const parts = { ...Object.fromEntries(plain), ...(first !== undefined && !isTags && { meta }) };
  if (Object.keys(parts).length > 0) await client.replace(id, parts);
  return { ...now, ...parts, data, meta };
}

/** An object with the values that another has under some keys. */
function withKeys(object: JsonObject, other: JsonObject, keys: readonly string[]): JsonObject {
  const entries = Object.entries(object).filter(([key]) => !keys.includes(key));
  const taken = keys.filter((key) => Object.hasOwn(other, key)).map((key) => [key, other[key]!] as const);
  return Object.fromEntries([...entries, ...taken]);
}

/** The parts in which the two states of a change are different; all there are where it has but one. */
function differing({ before, after }: Change): string[] {
  const states = [before, after].filter((state) => state !== null);
  const nested = NESTED.flatMap((name) =>
    [...new Set(states.flatMap((state) => Object.keys(state[name])))].map((key) => `${name}.${key}`),
  );
  const all = [...PLAIN, ...nested];
  if (states.length < 2) return all;
  return all.filter((part) => !equalJson(at(before!, part), at(after!, part)));
}

/** The value of a part. */
function at(atome: Atome, part: string): JsonValue | undefined {
  const dot = part.indexOf('.');
  if (dot < 0) return atome[part as (typeof PLAIN)[number]];
  const object = atome[part.slice(0, dot) as (typeof NESTED)[number]];
  const key = part.slice(dot + 1);
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
