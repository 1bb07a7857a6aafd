import type { ListQuery } from './list-query.js';
import type { Row } from './tree.js';

/** Height of a row, in pixels; the style has the same. */
export const ROW_PX = 36;
/** What a table shows, and what is done in it. */
export interface GridProps {
  readonly rows: readonly Row[];
  readonly query: ListQuery;
  readonly selected: ReadonlySet<string>;
  readonly lit: ReadonlyMap<string, number>;
  /** The atome whose detail is open; empty for none. */
  readonly openId: string;
  readonly onSort: (sort: string) => void;
  readonly onOpen: (id: string) => void;
  readonly onToggle: (ids: readonly string[], isRange: boolean) => void;
  readonly onExpand: (id: string, isOpen: boolean) => void;
  readonly onDelete: (ids: readonly string[]) => void;
}
