import type { DocumentField, SortValue } from '../../protocol/index.js';
import type { Param } from './columns.js';

/** One of the columns that a field is ordered by; none is ever NULL. */
export interface SortPart {
  readonly sql: string;
  /** Its value as a parameter. */
  readonly mark: string;
  readonly of: (value: SortValue) => Param;
}

/** What a database says of orders in a way of its own. */
export interface SortDialect {
  /** @param value what {@link valueOf} has taken out of a document, or its place there. */
  readonly ofDocument: (value: string) => readonly SortPart[];
  /** What is in a field of a document. Its keys are quoted there. */
  readonly valueOf: (field: DocumentField) => string;
  /** A text in order of its bytes. */
  readonly inBytes: (text: string) => string;
  /** How parameters are written that are numbers and texts. */
  readonly marks: { readonly number: string; readonly text: string };
  /** Takes documents apart once for all columns: more tables to read from. */
  readonly beside: (values: readonly string[]) => { readonly from: string; readonly names: readonly string[] };
}
