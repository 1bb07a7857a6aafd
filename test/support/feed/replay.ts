import { eventOf } from '../../../src/feed/entry.js';
import type { LedgerReader } from '../../../src/ledger/read/ledger-reader.js';
import { fold, type Atome, type AtomeEvent, type AtomeState } from '../../../src/protocol/index.js';

export interface Folded {
  readonly states: Map<string, AtomeState>;
  readonly seqs: number[];
  /** The state after each version, by atome. */
  readonly versions: Map<string, AtomeState[]>;
}

/** A replica that folds the alterations of the feed, in order, as they come over the wire. */
export async function replayFold(reader: LedgerReader, head: number, chars: number): Promise<Folded> {
  const folded: Folded = { states: new Map(), seqs: [], versions: new Map() };
  for (let after = 0; after < head;) {
    for (const committed of await reader.page(after, head, { chars })) {
      const alteration = overWire(committed.alteration);
      const { atomeId, seq } = alteration;
      const state = fold(folded.states.get(atomeId) ?? null, alteration);
      folded.states.set(atomeId, state);
      folded.versions.set(atomeId, [...(folded.versions.get(atomeId) ?? []), state]);
      folded.seqs.push(seq);
      after = seq;
    }
  }
  return folded;
}

/** A replica that believes what each event says of its atome; it knows no deleted ones. */
export async function replayEvents(
  reader: LedgerReader,
  head: number,
  page: { readonly chars: number; readonly compact?: boolean },
): Promise<Map<string, Atome>> {
  const atomes = new Map<string, Atome>();
  for (let after = 0; after < head;) {
    const events = (await reader.page(after, head, page)).map((each) => overWire(eventOf(each)));
    events.forEach((event) => apply(atomes, event));
    after = events.at(-1)?.seq ?? head;
  }
  return atomes;
}

function apply(atomes: Map<string, Atome>, event: AtomeEvent): void {
  if (event.type === 'atome:deleted' || event.type === 'atome:left') atomes.delete(event.atomeId);
  // a restore that lost against the delete alters an atome that stays deleted
  else if (event.atome.deletedAt !== null) atomes.delete(event.atome.id);
  else atomes.set(event.atome.id, event.atome);
}

function overWire<T>(message: T): T {
  return JSON.parse(JSON.stringify(message)) as T;
}
