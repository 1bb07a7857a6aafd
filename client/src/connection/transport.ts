import { CloseCode } from '../../../src/protocol/close-codes.js';
import { SyncError, toError } from '../errors.js';

/** One attempt at one connection that carries texts. It is open once something has come over it. */
export interface Transport {
  send(text: string): void;
  /** Ends it; nothing is reported any more. May be called at any time and twice. */
  close(code: number, reason: string): void;
}

/** What a transport reports, never from within the call that made it. */
export interface TransportEvents {
  message(text: string): void;
  /** The end, reported once. 1006 where the peer gave no code. */
  closed(code: number, reason: string): void;
}

/** Starts a transport. */
export type Dial = (url: string, events: TransportEvents) => Transport;

/** A class of WebSockets: that of browsers and Node ≥ 22, or that of the package `ws`. */
export type WebSocketConstructor = new (url: string) => {
  send(text: string): void;
  close(code?: number, reason?: string): void;
};

/** What is used of a WebSocket; the two kinds describe their handlers in types that exclude each other. */
interface WebSocketLike extends InstanceType<WebSocketConstructor> {
  onmessage: (event: { data: unknown }) => void;
  onclose: (event: { code: number; reason: string }) => void;
  onerror: () => void;
  /** Of `ws` alone: ends the connection without waiting for the peer. */
  terminate?(): void;
}

const ABNORMAL = 1006;

/** Dials with the given class, else the platform's own, else that of `ws`. */
export function dialWebSocket(given?: WebSocketConstructor): Dial {
  return (url, events) => new WebSocketTransport(url, events, given);
}

class WebSocketTransport implements Transport {
  private socket: WebSocketLike | undefined;
  private ended = false;

  constructor(
    url: string,
    private readonly events: TransportEvents,
    given: WebSocketConstructor | undefined,
  ) {
    this.open(url, given).catch((thrown: unknown) => this.end(ABNORMAL, toError(thrown).message));
  }

  send(text: string): void {
    this.socket?.send(text);
  }

  close(code: number, reason: string): void {
    this.ended = true;
    // A peer that is silent would not answer the closing handshake either.
    if (code === CloseCode.NO_PROGRESS && this.socket?.terminate) this.socket.terminate();
    else this.socket?.close(code, reason);
  }

  private async open(url: string, given: WebSocketConstructor | undefined): Promise<void> {
    const constructor = given ?? platformWebSocket() ?? (await packageWebSocket());
    if (this.ended) return;
    const socket = new constructor(url) as WebSocketLike;
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      if (!this.ended) this.events.message(String(data));
    };
    socket.onclose = ({ code, reason }) => this.end(code, reason);
    // What went wrong is told by the close that follows; `ws` throws when nobody listens.
    socket.onerror = () => undefined;
  }

  private end(code: number, reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.events.closed(code, reason);
  }
}

function platformWebSocket(): WebSocketConstructor | undefined {
  return (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
}

async function packageWebSocket(): Promise<WebSocketConstructor> {
  try {
    const module = (await import(/* webpackIgnore: true */ /* @vite-ignore */ 'ws')) as {
      WebSocket: WebSocketConstructor;
    };
    return module.WebSocket;
  } catch (cause) {
    throw new SyncError('offline', 'there is no WebSocket here; use Node 22 or later, or install the package "ws"', {
      cause,
    });
  }
}
