import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { WholeMessage } from '../../../src/protocol/index.js';

type Type = WholeMessage['type'];
type Message<T extends Type> = Extract<WholeMessage, { type: T }>;

/** A client without any logic: what was received, in order, and a way to wait for the next of a type. */
export class TestSocket {
  /** Everything received so far. */
  readonly received: WholeMessage[] = [];
  private readonly unread: WholeMessage[] = [];
  private wake: () => void = () => undefined;
  private closeInfo: { code: number; reason: string } | undefined;

  constructor(readonly ws: WebSocket) {
    ws.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as WholeMessage;
      this.received.push(message);
      this.unread.push(message);
      this.wake();
    });
    ws.on('close', (code, reason) => {
      this.closeInfo = { code, reason: reason.toString() };
      this.wake();
    });
    ws.on('error', () => undefined);
  }

  /** Open, and greeted or refused: what is written from now on is told to one that was greeted. */
  static async connect(url: string, headers: Record<string, string> = {}): Promise<TestSocket> {
    const ws = new WebSocket(url, { perMessageDeflate: false, headers });
    const socket = new TestSocket(ws);
    await once(ws, 'open');
    while (socket.received.length === 0 && !socket.closeInfo) {
      await new Promise<void>((resolve) => (socket.wake = resolve));
    }
    return socket;
  }

  send(message: unknown): void {
    this.ws.send(typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  /** The next unread message of a type; those before it are skipped. Fails when the socket closes first. */
  next<T extends Type>(type: T, matches: (message: Message<T>) => boolean = () => true): Promise<Message<T>> {
    const wanted = (message: WholeMessage): message is Message<T> =>
      message.type === type && matches(message as Message<T>);
    return this.first(wanted, type);
  }

  /** The next unread answer to a write. */
  answer(): Promise<Message<'ack' | 'nack'>> {
    const isAnswer = ({ type }: WholeMessage): boolean => type === 'ack' || type === 'nack';
    return this.first((message): message is Message<'ack' | 'nack'> => isAnswer(message), 'ack or nack');
  }

  private async first<M extends WholeMessage>(
    wanted: (message: WholeMessage) => message is M,
    name: string,
  ): Promise<M> {
    for (;;) {
      for (let message = this.unread.shift(); message; message = this.unread.shift()) {
        if (wanted(message)) return message;
      }
      if (this.closeInfo) throw new Error(`closed with ${this.closeInfo.code} while waiting for ${name}`);
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** Everything of a type received so far. */
  all<T extends Type>(type: T): Message<T>[] {
    return this.received.filter((message): message is Message<T> => message.type === type);
  }

  /** All that the server has sent for what was sent before this call has arrived when it resolves. */
  async settled(): Promise<void> {
    this.send({ type: 'ping' });
    await this.next('pong');
  }

  /** Resolves when the connection has ended. */
  async closed(): Promise<{ code: number; reason: string }> {
    if (!this.closeInfo) await once(this.ws, 'close');
    return this.closeInfo!;
  }

  async close(): Promise<void> {
    if (this.closeInfo) return;
    this.ws.close();
    await this.closed();
  }
}
