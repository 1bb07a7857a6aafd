import type { Atome, JsonObject, JsonPatch, JsonValue } from '../../../src/protocol/index.js';
import { isMap, mergePatch } from '../../../src/protocol/merge/merge-patch.js';
import { inTime } from '../core/timer.js';
import type { PendingWrite } from '../storage/store.js';
import { jsonCopy } from './json-copy.js';
import { timeOf } from './write-clock.js';

/*
 * What a pending write makes of an atome. It is the protocol's fold without what only the server decides: no stamps,
 * because who wins is not known yet, and no errors, because the server will tell them. A property test holds the two
 * together.
 */

/** JSON Patch is loaded when the first such write is met: most applications never make one. */
let jsonPatch: ((document: JsonValue, steps: JsonPatch) => JsonValue) | undefined;

/** What says what a write sets. */
type Setting = Pick<PendingWrite, 'operation' | 'changes' | 'atomeType' | 'kind' | 'data' | 'meta' | 'parentId'>;

/** On its way, or late. */
let loading: Promise<void> | undefined;

/** How long what is written waits for it, in milliseconds: a network may say nothing at all. */
const PATIENCE_MS = 2_000;

/**
 * Loads what is needed to show these writes; undefined when it is there. Where it cannot be loaded in time, they show when
 * the server has confirmed them.
 */
export function prepare(
  writes: readonly { readonly changes?: unknown }[],
  load = (): Promise<{ readonly jsonPatch: NonNullable<typeof jsonPatch> }> =>
    import('../../../src/protocol/merge/json-patch.js'),
): Promise<void> | undefined {
  if (jsonPatch || !writes.some(({ changes }) => Array.isArray(changes))) return undefined;
  return (loading ??= inTime(
    load().then(
      (loaded) => void ({ jsonPatch } = loaded),
      // asked for again with the next one
      () => void (loading = undefined),
    ),
    PATIENCE_MS,
  ));
}

/** The atome after one write, or as it was when the write does not fit: then the server will refuse it, and say why. */
export function after(atome: Atome | undefined, write: PendingWrite, me = ''): Atome | undefined {
  const { operation, atomeId, atomeType, kind, data, meta, parentId, access, baseVersion } = write;
  const updatedAt = new Date(timeOf(write.opId)).toISOString();
  if (!atome) {
    if (operation !== 'create') return atome;
    return {
      ...{
        id: atomeId,
        kind: kind!,
        type: atomeType ?? null,
        data: data!,
        meta: meta ?? {},
        parentId: parentId ?? null,
      },
      ...{ ownerId: me, version: 1, createdAt: updatedAt, updatedAt, deletedAt: null },
      ...(access !== undefined && rights(access)),
    };
  }
  if (atome.deletedAt !== null || (baseVersion ?? atome.version) !== atome.version) return atome;
  const parts = partsOf(atome, write, updatedAt);
  return parts ? { ...atome, ...parts, version: atome.version + 1, updatedAt } : atome;
}

/** What a write sets; undefined where only the server knows, or where it does not fit. */
export function partsOf(atome: Atome, write: Setting, now: string): Partial<Atome> | undefined {
  const { operation, atomeType: type, kind, data, meta, parentId } = write;
  const changes = write.changes as JsonObject;
  switch (operation) {
    case 'update':
    case 'rename':
      return { data: { ...atome.data, ...changes } };
    case 'tag':
      return { meta: { ...atome.meta, ...changes } };
    case 'patch':
      return patched(atome.data, changes);
    case 'replace':
      // what is not named stays
      return jsonCopy({ kind, type, data, meta, parentId });
    case 'share':
      return rights(changes.access);
    case 'delete':
      return { deletedAt: now };
    // only the server has the version that `restore` goes back to
    default:
      return undefined;
  }
}

/** What `inherit` comes to, only the server knows; that it is the tenant's, an atome says by saying nothing. */
function rights(access: JsonValue | undefined): Partial<Atome> {
  return { access: access === 'tenant' ? undefined : access, inherited: undefined } as Partial<Atome>;
}

function patched(data: JsonObject, changes: JsonObject | JsonPatch): Partial<Atome> | undefined {
  try {
    const after = Array.isArray(changes)
      ? jsonPatch?.(data, changes as JsonPatch)
      : mergePatch(data, changes as JsonObject);
    return isMap(after) ? { data: after } : undefined;
  } catch {
    return undefined;
  }
}
