import type { Dial, TransportEvents } from './transport.js';

/** The server's end of an in-memory connection. */
export class MemoryPeer {
  /** What the client has sent, decoded. */
  readonly received: Record<string, unknown>[] = [];
  /** Close code of whichever side ended it. */
  closedWith: number | undefined;

  constructor(
    readonly url: string,
    private readonly events: TransportEvents,
  ) {}

  send(message: object): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    if (this.closedWith === undefined) this.events.message(text);
  }

  close(code: number, reason = ''): void {
    if (this.closedWith !== undefined) return;
    this.closedWith = code;
    this.events.closed(code, reason);
  }

  /** What the client has sent since this was last asked. */
  take(): Record<string, unknown>[] {
    return this.received.splice(0);
  }
}

/** A network without wires: the twin of {@link dialWebSocket}, driven from the server's end. */
export class MemoryNetwork {
  readonly peers: MemoryPeer[] = [];

  readonly dial: Dial = (url, events) => {
    const peer = new MemoryPeer(url, events);
    this.peers.push(peer);
    return {
      send: (text) => {
        if (peer.closedWith === undefined) peer.received.push(JSON.parse(text) as Record<string, unknown>);
      },
      close: (code) => {
        peer.closedWith ??= code;
      },
    };
  };

  /** The newest connection. */
  get peer(): MemoryPeer {
    return this.peers.at(-1)!;
  }
}
