import type { Atome } from '@atome-sync/client';

/** One row of the list. */
export interface Row {
  readonly atome: Atome;
  /** How deep below the roots; 0 in a table. */
  readonly depth: number;
  readonly childCount: number;
  readonly isOpen: boolean;
}

/** A row for each atome, one as deep as the other. */
export function tableRows(atomes: readonly Atome[]): readonly Row[] {
  return atomes.map((atome) => ({ atome, depth: 0, childCount: 0, isOpen: false }));
}

/** Atomes below their parents, as far as those are open. One whose parent is not among them is a root. */
export function treeRows(atomes: readonly Atome[], open: ReadonlySet<string>): readonly Row[] {
  const here = new Set(atomes.map(({ id }) => id));
  const children = new Map<string | null, Atome[]>();
  for (const atome of atomes) {
    const parent = atome.parentId !== null && here.has(atome.parentId) ? atome.parentId : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(atome);
    else children.set(parent, [atome]);
  }
  const rows: Row[] = [];
  // without recursion: a chain may be deeper than the stack
  const left = [...(children.get(null) ?? [])].reverse().map((atome) => ({ atome, depth: 0 }));
  for (let next = left.pop(); next; next = left.pop()) {
    const { atome, depth } = next;
    const below = children.get(atome.id) ?? [];
    const isOpen = open.has(atome.id);
    rows.push({ atome, depth, childCount: below.length, isOpen });
    if (isOpen) for (const child of [...below].reverse()) left.push({ atome: child, depth: depth + 1 });
  }
  return rows;
}
