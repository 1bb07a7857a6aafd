import type { Committed } from '../ledger/outcome.js';
import { MessageCipher } from './message-cipher.js';
import type { StateChange } from './state-changes.js';

/** That a ledger has reached a seq. It says when to look, never what is there: it may be lost, repeated or late. */
export interface Hint {
  readonly tenant: string;
  readonly seq: number;
  /** Under which name the alteration there is followed, where it is. */
  readonly trace?: string | undefined;
}

/** What travels with a hint: what was committed last, in order of seq. */
export type Carried = readonly Committed[];

/** What one node tells the others. */
export type NodeMessage =
  /** It is there, and has told so much of itself. */
  | { readonly type: 'alive'; readonly revision: number }
  | { readonly type: 'left' }
  | { readonly type: 'hints'; readonly hints: readonly Hint[] }
  | { readonly type: 'committed'; readonly hint: Hint; readonly committed: Carried }
  | { readonly type: 'state'; readonly change: StateChange }
  /** Another is to tell all of itself. */
  | { readonly type: 'request'; readonly of: string };

/** A message as it goes over the bus. */
interface Envelope {
  readonly node: string;
  /** Of its node's messages: 1, 2, 3 … */
  readonly serial: number;
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly message: NodeMessage;
}

/** How old a message may be, in milliseconds. */
const MAX_AGE_MS = 600_000;

/** Messages of a node, and of others: sealed, each once, and none of long ago, so that nobody gains by recording them. */
export class Messages {
  /** By node, of those that may still be repeated. */
  private readonly heard = new Map<string, { serial: number; at: number }>();
  private readonly cipher: MessageCipher;
  private serial = 0;

  /** @param now the time that all nodes go by. */
  constructor(
    private readonly node: string,
    secret: Buffer,
    private readonly now: () => number = Date.now,
  ) {
    this.cipher = new MessageCipher(secret);
  }

  /** As a text for the bus. */
  textOf(message: NodeMessage): string {
    this.serial += 1;
    const envelope: Envelope = { node: this.node, serial: this.serial, at: this.now(), message };
    return this.cipher.seal(JSON.stringify(envelope));
  }

  /** @returns undefined for what is not ours, and for what has been there before. */
  messageOf(text: string): Pick<Envelope, 'node' | 'message'> | undefined {
    const envelope = this.cipher.open(text) as Envelope | undefined;
    if (!envelope) return undefined;
    const { node, serial, at } = envelope;
    const now = this.now();
    if (Math.abs(now - at) > MAX_AGE_MS || serial <= (this.heard.get(node)?.serial ?? 0)) return undefined;
    // what was heard last stands last
    this.heard.delete(node);
    this.heard.set(node, { serial, at: now });
    for (const [old, last] of this.heard) {
      if (now - last.at <= 2 * MAX_AGE_MS) break;
      this.heard.delete(old);
    }
    return envelope;
  }
}
