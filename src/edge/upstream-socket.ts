import { WebSocket } from 'ws';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import type { WholeMessage } from '../protocol/index.js';
import { Liveness } from '../realtime/liveness.js';
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

/** Tasks, each behind the one before it. */
class TaskLine {
  /** Those that are not done. */
  length = 0;
  private last: Promise<void> = Promise.resolve();

  /** @param task may not reject. */
  add(task: () => Promise<void>): Promise<void> {
    this.length += 1;
    this.last = this.last.then(task).then(() => void (this.length -= 1));
    return this.last;
  }

  settled(): Promise<void> {
    return this.last;
  }
}

/** One connection to upstream: opening → authenticating → known → ended. */
export class UpstreamSocket {
  private readonly ws: WebSocket;
  private readonly liveness: Liveness;
  private readonly beat: NodeJS.Timeout;
  private readonly line = new TaskLine();
  private phase: 'opening' | 'known' | 'ended' = 'opening';
  private retryAfterMs = 0;

  constructor(
    url: string,
    private readonly token: string | undefined,
    private readonly events: SocketEvents,
  ) {
    this.ws = new WebSocket(url, { handshakeTimeout: SILENCE_MS, perMessageDeflate: false, maxPayload: MOST_BYTES });
    this.ws.on('message', (data: Buffer) => this.receive(data));
    this.liveness = new Liveness(this.ws);
    this.ws.on('error', ({ message }) => this.end(message));
    this.ws.on('close', (code, reason) => this.end(`closed with ${code} ${reason.toString()}`.trim()));
    this.beat = setInterval(() => this.look(), SILENCE_MS).unref();
  }

  send(message: object): void {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(message));
  }

  /** Has something done between two messages; what it throws ends the connection. */
  inLine(task: () => Promise<void>): Promise<void> {
    return this.line.add(async () => {
      if (this.phase === 'ended') return;
      try {
        await task();
      } catch (error) {
        this.end(error instanceof Error ? error.message : String(error));
      }
    });
  }

  /** Resolves when nothing of it is under way any more. */
  settled(): Promise<void> {
    return this.line.settled();
  }

  end(why: string): void {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    clearInterval(this.beat);
    this.ws.terminate();
    this.events.onEnd(saidOf(why), this.retryAfterMs);
  }

  private receive(data: Buffer): void {
    const taken = this.inLine(() => this.take(JSON.parse(data.toString()) as WholeMessage));
    if (this.line.length >= MOST_WAITING) this.ws.pause();
    void taken.then(() => {
      if (this.line.length < MOST_WAITING && this.ws.isPaused) this.ws.resume();
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
    if (this.phase !== 'opening') return;
    this.phase = 'known';
    this.events.onKnown(principal);
  }

  private look(): void {
    if (this.liveness.wasAlive()) this.liveness.ping();
    else this.end('nothing was heard any more');
  }
}
