import type { UpstreamOptions } from '../config/upstream-options.js';
import type { WholeMessage } from '../protocol/index.js';
import { saidOf } from './bounds.js';
import type { LinkState } from './edge-status.js';
import type { Subscription } from './follower.js';
import { UpstreamSocket } from './upstream-socket.js';

const REST_MS = { first: 250, most: 30_000 } as const;

/** What a link is for. */
export interface LinkUsers {
  /** One is made. @param signal says that it is over. */
  readonly connecting: (signal: AbortSignal) => void;
  /** @param principal who we are upstream */
  readonly known: (principal: string) => void;
  readonly subscription: () => Promise<Subscription>;
  /** @returns what to subscribe with anew; undefined: there is no need to. */
  readonly take: (message: WholeMessage) => Promise<Subscription | undefined>;
  /** Sends, until the signal says that the connection is over. @param inLine has something done between two messages. */
  readonly send: (inLine: UpstreamSocket['inLine'], signal: AbortSignal) => Promise<unknown>;
  /** The link has come, or has broken. */
  readonly moved: () => void;
  /** Is told when the link breaks, and when it is there again. */
  readonly say: (cause: string, detail: string) => void;
}

/** How it stands with a link. */
interface LinkStatus {
  readonly state: LinkState;
  /** Why there is none, or was none until everything has come. */
  readonly fault?: string | undefined;
}

/** The link to upstream: one connection after the other, until it is stopped. */
export class UpstreamLink {
  private readonly ended = new AbortController();
  private socket: UpstreamSocket | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** What is sent over the connection. */
  private work: Promise<unknown> = Promise.resolve();
  private failures = 0;
  status: LinkStatus = { state: 'stopped' };

  constructor(
    private readonly options: UpstreamOptions,
    private readonly users: LinkUsers,
  ) {}

  /** Ends with the link. */
  get signal(): AbortSignal {
    return this.ended.signal;
  }

  start(): void {
    void this.connect();
  }

  async stop(): Promise<void> {
    this.status = { ...this.status, state: 'stopped' };
    clearTimeout(this.timer);
    this.ended.abort();
    this.socket?.end('this server goes down');
    await this.settled();
  }

  /** Resolves when nothing of the last connection is under way any more. */
  private async settled(): Promise<void> {
    await Promise.all([this.work, this.socket?.settled()]);
  }

  private async connect(): Promise<void> {
    // what is under way moves the same cursor
    await this.settled();
    if (this.ended.signal.aborted) return;
    this.status = { ...this.status, state: 'connecting' };
    const over = new AbortController();
    this.users.connecting(over.signal);
    const onEnd = (why: string, retryAfterMs: number): void => {
      over.abort();
      this.wait(why, retryAfterMs);
    };
    try {
      const { url, token } = this.options;
      const socket: UpstreamSocket = new UpstreamSocket(url, token?.(), {
        onKnown: (principal) => this.known(socket, principal, over.signal),
        onMessage: (message) => this.take(socket, message),
        onEnd,
      });
      this.socket = socket;
    } catch (error) {
      // the file of the token may have gone
      onEnd((error as Error).message, 0);
    }
  }

  private known(socket: UpstreamSocket, principal: string, signal: AbortSignal): void {
    this.users.known(principal);
    this.status = { ...this.status, state: 'catching-up' };
    void socket.inLine(async () => {
      socket.send({ type: 'subscribe', ...(await this.users.subscription()) });
      this.work = this.users.send((task) => socket.inLine(task), signal);
    });
  }

  private async take(socket: UpstreamSocket, message: WholeMessage): Promise<void> {
    const again = await this.users.take(message);
    if (again) socket.send({ type: 'subscribe', ...again });
    if (message.type !== 'sync:live') return;
    if (this.status.fault !== undefined) this.users.say('the server above is followed again', '');
    this.status = { state: 'live' };
    this.failures = 0;
    this.users.moved();
  }

  private wait(why: string, retryAfterMs: number): void {
    if (this.ended.signal.aborted) return;
    if (this.status.fault === undefined)
      this.users.say('the server above is not followed, and is tried again', saidOf(why));
    this.status = { state: 'waiting', fault: why };
    const wait = retryAfterMs + Math.random() * Math.min(REST_MS.most, REST_MS.first * 2 ** this.failures);
    this.failures += 1;
    this.timer = setTimeout(() => void this.connect(), wait);
    this.users.moved();
  }
}
