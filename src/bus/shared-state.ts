import type { MemoryHolder } from '../auth/admission/memory-budget.js';
import type { JsonValue } from '../protocol/index.js';
import { OthersState, type StateListener } from './others-state.js';
import { OwnState } from './own-state.js';

/**
 * What each node tells of itself, such as who is connected to it, for as long as it is there. Nobody depends on it: what is
 * lost on the way is asked for again.
 */
export class SharedState implements MemoryHolder {
  readonly name = 'what servers tell of themselves';
  readonly own: OwnState;
  readonly others: OthersState;

  /**
   * @param hasRoom whether there is memory for more of what others say; without it that is forgotten.
   * @param isAlone there will be nobody to tell.
   */
  constructor(hasRoom: () => boolean, isAlone = false) {
    this.own = new OwnState(isAlone);
    this.others = new OthersState(hasRoom);
  }

  get bytes(): number {
    return this.own.bytes + this.others.bytes;
  }

  /** Tells the others, soon. @param value null takes it back. */
  set(key: string, value: JsonValue): void {
    this.own.set(key, value);
  }

  onChange(listener: StateListener): void {
    this.others.onChange(listener);
  }

  /** What the others say under a key. */
  valuesOf(key: string): Iterable<JsonValue> {
    return this.others.valuesOf(key);
  }
}
