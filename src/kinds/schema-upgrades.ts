import {
  DEFAULT_LIMITS,
  checkJson,
  equalJson,
  isObject,
  jsonOf,
  type JsonObject,
  type JsonPatch,
} from '../protocol/index.js';
import type { SchemaUpgrade } from './kind-options.js';
import { keyToken } from './validator.js';

/** The key of `data` that tells which version of its kind's schema an atome has been written by. */
export const SCHEMA_VERSION = 'schemaVersion';

/** How the shape of a kind has changed. An atome that names no version is of the first. */
export class SchemaUpgrades {
  /** The newest version. */
  readonly version: number;

  constructor(private readonly steps: readonly SchemaUpgrade[]) {
    this.version = steps.length + 1;
  }

  isOld(data: JsonObject): boolean {
    return versionOf(data) < this.version;
  }

  /** What `data` is by the newest version. @throws what a step throws, and Error for what it returns that cannot be kept. */
  upgraded(data: JsonObject): JsonObject {
    let next = withoutVersion(data);
    for (const step of this.steps.slice(versionOf(data) - 1)) {
      // the application's own code gets a copy, and what it returns is kept as it will be written
      const made: unknown = step(structuredClone(next));
      const problem = isObject(made) ? checkJson(made, DEFAULT_LIMITS) : { path: '', message: 'is no object' };
      if (problem) throw new Error(`what an upgrade of the schema returns ${problem.message} ${problem.path}`.trim());
      next = jsonOf(made) as JsonObject;
    }
    return { ...next, [SCHEMA_VERSION]: this.version };
  }
}

/** As the schema sees it: the key is the server's own. */
export function withoutVersion(data: JsonObject): JsonObject {
  const { [SCHEMA_VERSION]: _version, ...rest } = data;
  return rest;
}

function versionOf(data: JsonObject): number {
  const version = Object.hasOwn(data, SCHEMA_VERSION) ? data[SCHEMA_VERSION] : 1;
  return typeof version === 'number' && Number.isSafeInteger(version) && version >= 1 ? version : 1;
}

/** What makes one `data` another, and touches no key that stays: what others write to those at the same time still counts. */
export function patchBetween(before: JsonObject, after: JsonObject): JsonPatch {
  const removed = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  const set = Object.entries(after).filter(
    ([key, value]) => !Object.hasOwn(before, key) || !equalJson(before[key], value),
  );
  return [
    ...removed.map((key) => ({ op: 'remove' as const, path: `/${keyToken(key)}` })),
    ...set.map(([key, value]) => ({ op: 'add' as const, path: `/${keyToken(key)}`, value })),
  ];
}
