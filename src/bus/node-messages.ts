import { randomBytes } from 'node:crypto';
import { Messages, type NodeMessage } from './messages.js';

/** What the messages of a node are sealed by. */
export interface Sealing {
  /** What the servers of one database share. */
  readonly secret: () => Promise<Buffer>;
  /** The time that all nodes go by, in milliseconds since 1970; left out: that of this machine. */
  readonly now?: () => number;
}

/** The messages of this node, and of others: there are none before the secret is known. */
export class NodeMessages {
  /** What it is called by the others. */
  readonly node = randomBytes(6).toString('hex');
  private messages: Messages | undefined;

  constructor(private readonly sealing: Sealing) {}

  /** Asks for the secret, where it is not known. */
  async open(): Promise<void> {
    this.messages ??= new Messages(this.node, await this.sealing.secret(), this.sealing.now);
  }

  textOf(message: NodeMessage): string | undefined {
    return this.messages?.textOf(message);
  }

  messageOf(text: string): ReturnType<Messages['messageOf']> {
    return this.messages?.messageOf(text);
  }
}
