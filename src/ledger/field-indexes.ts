import type { DocumentField } from '../protocol/index.js';
import type { ListQuery } from './list-query.js';

/** A field of the atomes of one kind that is to be found, and ordered, by an index. */
export interface IndexedField {
  readonly kind: string;
  readonly field: DocumentField;
}

/** Whom the making of indexes tells. */
export interface IndexReport {
  readonly done: (line: string) => void;
  readonly failed: (line: string) => void;
}

/** The indexes of fields. Lists ask them by themselves; only how long a list takes depends on them. */
export interface FieldIndexes {
  /** Makes those that are wanted and are not there, and takes the others away, beside everything else. */
  begin(wanted: readonly IndexedField[], report: IndexReport): void;
  /** Resolves when nothing is under way; what is left is gone on with at the next start. */
  end(): Promise<void>;
  /** Whether they find what a list wants, and have it in its order. */
  serves(query: ListQuery): boolean;
}
