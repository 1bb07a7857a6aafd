import type { Atome, JsonObject } from '@atome-sync/client';
import { useEffect, useState } from 'preact/hooks';
import { isSame } from '../../data/diff.js';
import { merge, type Clash } from '../../data/merge.js';

/** What is being typed about an atome, together with what others have done to it since. */
export interface Draft {
  /** What it is compared with: the latest that is known. */
  readonly base: JsonObject;
  readonly data: JsonObject;
  readonly clashes: readonly Clash[];
  /** Keys that others have changed while this was open. */
  readonly taken: readonly string[];
}

/** A draft and what is done with it. */
export interface DraftOf extends Draft {
  readonly isChanged: boolean;
  readonly change: (data: JsonObject) => void;
  /** Decides about a key that both have changed. */
  readonly decide: (key: string, whose: 'mine' | 'theirs') => void;
  readonly discard: () => void;
  /** What was typed has been written. */
  readonly saved: () => void;
}

/** A draft of the data of an atome. Nothing that is typed is lost when it changes, or is deleted, meanwhile. */
export function useDraft({ data }: Pick<Atome, 'data'>): DraftOf {
  const [draft, set] = useState<Draft>(() => fresh(data));
  useEffect(() => {
    set((before) => followed(before, data));
  }, [data]);
  return {
    ...draft,
    isChanged: !isSame(draft.base, draft.data),
    change: (next) => set((before) => ({ ...before, data: next })),
    decide: (key, whose) => set((before) => decided(before, key, whose)),
    discard: () => set(({ base }) => fresh(base)),
    saved: () => set((before) => fresh(before.data)),
  };
}

function fresh(data: JsonObject): Draft {
  return { base: data, data, clashes: [], taken: [] };
}

/** The draft after the atome has become something else. */
function followed(draft: Draft, theirs: JsonObject): Draft {
  if (isSame(draft.base, theirs)) return draft;
  if (isSame(draft.base, draft.data)) return fresh(theirs);
  const { data, clashes, taken } = merge(draft.base, draft.data, theirs);
  const others = draft.clashes.filter(({ key }) => !clashes.some((clash) => clash.key === key));
  // one that was open stays open, unless they have come to the same
  const open = others.filter(({ key }) => !isSame(data[key], theirs[key]));
  return { base: theirs, data, clashes: [...open, ...clashes], taken: [...new Set([...draft.taken, ...taken])] };
}

function decided(draft: Draft, key: string, whose: 'mine' | 'theirs'): Draft {
  const clash = draft.clashes.find((each) => each.key === key);
  const clashes = draft.clashes.filter((each) => each !== clash);
  if (!clash || whose === 'mine') return { ...draft, clashes };
  const { [key]: _mine, ...rest } = draft.data;
  return { ...draft, clashes, data: clash.theirs === undefined ? rest : { ...draft.data, [key]: clash.theirs } };
}
