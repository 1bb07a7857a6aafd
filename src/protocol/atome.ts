import type { Rights } from './access.js';
import type { Hlc } from './hlc.js';
import type { JsonObject } from './json.js';

/** The parts of an atome that writes set. */
export interface Content {
  /** What sort of thing it is, such as `note`; never null. */
  readonly kind: string;
  /** A finer sort within the kind, of the application's own. */
  readonly type: string | null;
  /** The content; its top-level keys merge one by one. */
  readonly data: JsonObject;
  /** What is said about the content, such as `tags`; merges as `data` does. */
  readonly meta: JsonObject;
  /** Id of the atome that it belongs to. */
  readonly parentId: string | null;
}

/** The parts of a state that a `create` or a `restore` would write. */
export function contentOf({ kind, type, data, meta, parentId }: Content): Content {
  return { kind, type, data, meta, parentId };
}

/** A shared object as clients see it. Times are ISO 8601 in UTC. */
export interface Atome extends Content, Rights {
  /** Unique in its tenant, and never used again after an erasure. */
  readonly id: string;
  /** Id of the principal who created it. */
  readonly ownerId: string;
  /** 1 at creation, plus 1 with every alteration. */
  readonly version: number;
  /** Time of the creation. */
  readonly createdAt: string;
  /** Time of the newest alteration. */
  readonly updatedAt: string;
  /** Time of the deletion; null while it is there. */
  readonly deletedAt: string | null;
}

/** The header of an atome, which filters and rights are decided by: all but its content. */
export type AtomeHeader = Rights & Pick<Atome, 'id' | 'kind' | 'type' | 'parentId' | 'ownerId'>;

/**
 * When each key was last written: by path (`data.title`, `meta.tags`, `kind`, `deleted` …).
 * The entry `''` stands for every key that the atome has and that has no entry of its own; `data` and `meta`
 * stand for those keys of theirs that it has not.
 */
export type Clocks = Readonly<Record<string, Hlc>>;

/** An atome with what is needed to decide the next write to it. */
export interface AtomeState extends Atome {
  readonly clocks: Clocks;
}
