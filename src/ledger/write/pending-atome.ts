import type { Atome, AtomeHeader, AtomeState, Audience, Part } from '../../protocol/index.js';
import { keptHeaderOf } from '../access-columns.js';
import { stateOf, withoutClocks } from '../row-mapper.js';
import { hasDocument, type AtomeRow, type PartialAtomeRow } from '../rows.js';
import { DocumentNotRead } from './undecidable.js';

/** What a write names of a large atome. Its other keys stay the text that they are: nobody takes them apart. */
export interface Excerpt {
  /** Whether there is a key that the write does not name. */
  readonly isElsewhere: (part: Part, key: string) => boolean;
  /** The documents as JSON, with what the write has made of the keys that it names. */
  readonly documentsOf: (after: Pick<AtomeState, Part>) => Readonly<Record<Part, string>>;
}

/** An atome as a group has left it so far. */
export interface PendingAtome {
  readonly row: PartialAtomeRow;
  /** As the ledger keeps it. */
  readonly header: AtomeHeader;
  readonly audience: Audience;
  /** Decoded when it is first asked for, which is once it may be read; of an excerpt, what it has of it. */
  readonly state: AtomeState;
  /** All of it that readers see. */
  readonly shown: Atome;
  /** Where it is taken apart as far only as one write names it. */
  readonly excerpt?: Excerpt;
}

/** An atome as a group meets it. */
export function pendingOf(row: PartialAtomeRow): PendingAtome {
  const header = keptHeaderOf(row);
  let decoded: AtomeState | undefined;
  return {
    row,
    header,
    audience: header.audience,
    get state() {
      return (decoded ??= stateOf(documentOf(row)));
    },
    get shown() {
      return this.state;
    },
  };
}

/** An atome as a write has left it. */
export function writtenOf(row: AtomeRow, state: AtomeState, audience: Audience): PendingAtome {
  return { row, header: state, audience, state, shown: withoutClocks(state) };
}

/** @throws DocumentNotRead */
export function documentOf(row: PartialAtomeRow): AtomeRow {
  if (hasDocument(row)) return row;
  throw new DocumentNotRead(`the document of "${row.id}" has not been read`);
}
