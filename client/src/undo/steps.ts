import type { Client } from '../index.js';
import { revert, type Change } from './change.js';

/** What an `undo` or `redo` has done. */
export interface Undone {
  /** The atomes that were written to. */
  readonly ids: readonly string[];
  /** What was left as it is, because somebody has changed it since. */
  readonly kept: readonly {
    /** Of the atome. */
    readonly id: string;
    /** Which parts, such as `data.title` or `parentId`. */
    readonly parts: readonly string[];
  }[];
}

/** What is taken back at once, oldest change first. */
export type Step = Change[];

/** The steps that can be taken back, and those that can be done again. */
export interface Steps {
  /** Adds a change to a step; what was taken back before cannot be done again then. */
  readonly record: (step: Step, change: Change) => void;
  /** Takes back the last one; null where there is none. */
  readonly undo: () => Promise<Undone | null>;
  /** Does again the last one that was taken back; null where there is none. */
  readonly redo: () => Promise<Undone | null>;
  readonly count: () => { readonly undo: number; readonly redo: number };
}

/** @param most how many are remembered. */
export function createSteps(client: Client, most: number): Steps {
  const [undos, redos]: [Step[], Step[]] = [[], []];

  async function take(from: Step[], to: Step[]): Promise<Undone | null> {
    const step = from.pop();
    if (!step) return null;
    // whoever still adds to it begins a new one
    const changes = step.splice(0);
    const inverse: Step = [];
    const kept: { id: string; parts: readonly string[] }[] = [];
    try {
      for (let change = changes.at(-1); change; change = changes.at(-1)) {
        const reverted = await revert(client, change);
        changes.pop();
        if (reverted.inverse) inverse.push(reverted.inverse);
        if (reverted.kept.length > 0) kept.push({ id: change.id, parts: reverted.kept });
      }
    } finally {
      // what could not be written is tried again with the next one
      if (changes.length > 0) from.push(changes);
      if (inverse.length > 0) to.push(inverse);
    }
    return { ids: [...new Set(inverse.map(({ id }) => id))], kept };
  }

  return {
    record(step, change) {
      if (step.length === 0) undos.push(step);
      step.push(change);
      if (undos.length > most) undos.shift();
      redos.length = 0;
    },
    undo: () => take(undos, redos),
    redo: () => take(redos, undos),
    count: () => ({ undo: undos.length, redo: redos.length }),
  };
}
