import type { Rights } from './access.js';
import type { Hlc } from './hlc.js';
import type { JsonObject } from './json.js';

/** The parts of an atome that writes set. */
export interface Content {
  readonly kind: string;
  readonly type: string | null;
  readonly data: JsonObject;
  readonly meta: JsonObject;
  readonly parentId: string | null;
}

/** A shared object as clients see it. Times are ISO 8601 in UTC. */
export interface Atome extends Content, Rights {
  readonly id: string;
  readonly ownerId: string;
  /** 1 at creation, plus 1 with every alteration. */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
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
