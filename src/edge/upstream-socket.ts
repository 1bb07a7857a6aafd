import { WebSocket } from 'ws';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import type { WholeMessage } from '../protocol/index.js';
import { MOST_BYTES, restOf, saidOf } from './bounds.js';

/** Nothing for so long, and it is asked whether anybody is there; as long again without an answer, and nobody is. */
const SILENCE_MS = 15_000;
/** How many messages wait before no more are taken. */
const MOST_WAITING = 16;

export interface SocketEvents {
  /** Who the edge is for upstream. */
  readonly onKnown: (principal: string) => void;
  /** Taken one after the other. What it throws ends the connection. */
  readonly onMessage: (message: WholeMessage) => Promise<void>;
  /** Once, whatever has ended it. @param retryAfterMs when upstream wants to be asked again. */
  readonly onEnd: (why: string, retryAfterMs: number) => void;
}

/** One connection to upstream: opening → authenticating → known → ended. */
export class UpstreamSocket {
  private readonly ws: WebSocket;
  private readonly beat: NodeJS.Timeout;
  private waiting = 0;
  private line: Promise<void> = Promise.resolve();
  private isAsked = false;
  private isOver = false;
  private isKnown = false;
  private retryAfterMs = 0;

  constructor(
    url: string,
    private readonly token: string | undefined,
    private readonly events: SocketEvents,
  ) {
    this.ws = new WebSocket(url, { handshakeTimeout: SILENCE_MS, perMessageDeflate: false, maxPayload: MOST_BYTES });
    this.ws.on('message', (data: Buffer) => this.receive(data));
    this.ws.on('pong', () => (this.isAsked = false));
    this.ws.on('error', ({ message }) => this.end(message));
    this.ws.on('close', (code, reason) => this.end(`closed with ${code} ${reason.toString()}`.trim()));
    this.beat = setInterval(() => this.look(), SILENCE_MS).unref();
  }

  send(message: object): void {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(message));
  }

  /** Has something done between two messages; what it throws ends the connection. */
  inLine(task: () => Promise<void>): Promise<void> {
    this.line = this.line.then(async () => {
      if (this.isOver) return;
      try {
        await task();
      } catch (error) {
        this.end(error instanceof Error ? error.message : String(error));
      }
    });
    return this.line;
  }

  /** Resolves when nothing of it is under way any more. */
  settled(): Promise<void> {
    return this.line;
  }

  end(why: string): void {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.beat);
    this.ws.terminate();
    this.events.onEnd(saidOf(why), this.retryAfterMs);
  }

  private receive(data: Buffer): void {
    this.isAsked = false;
    this.waiting += 1;
    if (this.waiting === MOST_WAITING) this.ws.pause();
    void this.inLine(() => this.take(JSON.parse(data.toString()) as WholeMessage)).then(() => {
      this.waiting -= 1;
      if (this.waiting === MOST_WAITING - 1) this.ws.resume();
    });
  }

  private async take(message: WholeMessage): Promise<void> {
    if (message.type === 'goaway') this.retryAfterMs = restOf(message.retryAfter);
    if (message.type === 'error') throw new Error(`${message.code}: ${message.message}`);
    if (message.type === 'welcome') return this.identify(message.authRequired);
    if (message.type === 'auth:success') return this.known(message.principal.id);
    await this.events.onMessage(message);
  }

  /** While authentication is off there, any token is taken, and everybody is the same. */
  private identify(authRequired: boolean): void {
    if (this.token !== undefined) return this.send({ type: 'auth', token: this.token });
    if (authRequired) throw new Error('upstream wants to know who calls: UPSTREAM_TOKEN is not set');
    this.known(ANONYMOUS.id);
  }

  /** Once: whoever says it again is not listened to. */
  private known(principal: string): void {
    if (this.isKnown) return;
    this.isKnown = true;
    this.events.onKnown(principal);
  }

  private look(): void {
    if (this.isAsked) return this.end('nothing was heard any more');
    this.isAsked = true;
    if (this.ws.readyState === WebSocket.OPEN) this.ws.ping();
  }
}
