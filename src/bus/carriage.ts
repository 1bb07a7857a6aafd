import type { Carried, Hint } from './messages.js';
import type { NodeMessages } from './node-messages.js';
import type { Transport } from './transport.js';

/** Most that travels with one hint, in characters of alterations and their atomes. */
const MAX_CARRIED = 16_384;
/** So many sendings of what is carried may be under way; what comes then is told by hints alone. */
const MAX_CARRYING = 16;

/** Sends what was committed with the hint of it, where both are small, and there is not much under way. */
export class Carriage {
  private underWay = 0;

  /** @param send never rejects. */
  constructor(
    private readonly messages: Pick<NodeMessages, 'textOf'>,
    private readonly transport: Pick<Transport, 'carries' | 'maxChars'>,
    private readonly send: (text: string) => Promise<void>,
  ) {}

  /** @returns whether it goes that way. */
  carry(hint: Hint, committed: Carried): boolean {
    const text = this.textOf(hint, committed);
    if (text === undefined) return false;
    this.underWay += 1;
    void this.send(text).finally(() => (this.underWay -= 1));
    return true;
  }

  private textOf(hint: Hint, committed: Carried): string | undefined {
    const { carries, maxChars } = this.transport;
    if (!carries || this.underWay >= MAX_CARRYING) return undefined;
    const chars = committed.reduce((sum, { size, previousSize = 0 }) => sum + size + previousSize, 0);
    if (chars > MAX_CARRIED) return undefined;
    // nobody there holds the objects of the message
    const told = committed.map(({ texts: _texts, ...each }) => each);
    const text = this.messages.textOf({ type: 'committed', hint, committed: told });
    return text !== undefined && text.length <= maxChars ? text : undefined;
  }
}
