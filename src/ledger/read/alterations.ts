import type { Alteration, RedactedAlteration } from '../../protocol/index.js';
import { alterationOf } from '../row-mapper.js';
import type { AlterationRow } from '../rows.js';
import { turnBySize } from '../turns.js';

/** What rows tell; each may be large. */
export async function alterationsOf(rows: readonly AlterationRow[]): Promise<(Alteration | RedactedAlteration)[]> {
  const alterations: (Alteration | RedactedAlteration)[] = [];
  const turnFor = turnBySize();
  for (const row of rows) {
    const due = turnFor(row.changes.length);
    if (due) await due;
    alterations.push(alterationOf(row));
  }
  return alterations;
}
