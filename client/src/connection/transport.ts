import { NO_PROGRESS } from '../../../src/protocol/close-codes.js';
import { toError } from '../core/errors.js';
import type { WebSocketConstructor } from './package-web-socket.js';

export type { WebSocketConstructor };

/** One attempt at one connection that carries texts. It is open once something has come over it. */
export interface Transport {
  /** Sends a text. Does nothing before the transport is open, and after its end. */
  send(text: string): void;
  /** Ends it; nothing is reported any more. May be called at any time and twice. */
  close(code: number, reason: string): void;
}

/** What a transport reports, never from within the call that made it. */
export interface TransportEvents {
  /** A text has come. */
  message(text: string): void;
  /** The end, reported once. 1006 where the peer gave no code. */
  closed(code: number, reason: string): void;
}

/** Starts a transport. */
export type Dial = (url: string, events: TransportEvents) => Transport;

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
  return (url, events) => {
    let socket: WebSocketLike | undefined;
    let ended = false;

    function end(code: number, reason: string): void {
      if (ended) return;
      ended = true;
      events.closed(code, reason);
    }

    async function open(): Promise<void> {
      const constructor =
        given ??
        (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket ??
        (await (await import('./package-web-socket.js')).packageWebSocket());
      if (ended) return;
      socket = new constructor(url) as WebSocketLike;
      socket.onmessage = ({ data }) => {
        if (!ended) events.message(String(data));
      };
      socket.onclose = ({ code, reason }) => end(code, reason);
      // What went wrong is told by the close that follows; `ws` throws when nobody listens.
      socket.onerror = () => undefined;
    }

    open().catch((thrown: unknown) => end(ABNORMAL, toError(thrown).message));
    return {
      send: (text) => socket?.send(text),
      close(code, reason) {
        ended = true;
        // A peer that is silent would not answer the closing handshake either.
        if (code === NO_PROGRESS && socket?.terminate) socket.terminate();
        else socket?.close(code, reason);
      },
    };
  };
}
