import { inTime } from '../ledger/in-time.js';
import type { Transport, TransportConnection } from './transport.js';

/** How long it may take to connect, or to send, in milliseconds. */
const DEADLINE_MS = 5_000;
/** How long it may take until what is sent comes back, in milliseconds. */
const ECHO_MS = 5_000;
/** When a broken connection is made anew, in milliseconds: at first, and at the most. */
const RECONNECT_MS = { first: 100, most: 5_000 } as const;

/** Whoever uses the connection. */
export interface ConnectionUser {
  /** A text has come, perhaps one of our own, or anybody's. */
  text(text: string): void;
  opened(): void;
  broken(): void;
  /** Why nothing arrives, or undefined when it does again. */
  changed(fault: string | undefined): void;
}

function tooLate(): never {
  throw new Error(`it did not answer within ${DEADLINE_MS / 1_000} s`);
}

/** Keeps a node connected. What it sends comes back to it: when that fails, it is broken, whatever the connection says. */
export class BusConnection {
  private connection: TransportConnection | undefined;
  /** The newest attempt to connect; undefined when it has broken, or none is wanted. */
  private attempt: symbol | undefined;
  private waitMs: number = RECONNECT_MS.first;
  /** Since when nothing has come back that was sent to be heard; undefined when all has. */
  private silentSince: number | undefined;
  private reason: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly user: ConnectionUser,
  ) {}

  /** Why nothing arrives, in a sentence; undefined when it does. */
  get fault(): string | undefined {
    return this.reason;
  }

  get isOpen(): boolean {
    return this.connection !== undefined;
  }

  /** Begins to connect, and goes on trying. */
  start(): void {
    void this.connect();
  }

  async stop(): Promise<void> {
    // one that is still made is closed when it comes
    this.attempt = undefined;
    clearTimeout(this.timer);
    await this.connection?.close();
    this.connection = undefined;
  }

  /** Never rejects: what does not go out is known by its reader within a second. */
  async send(texts: readonly string[]): Promise<void> {
    const { connection } = this;
    if (!connection) return;
    try {
      await inTime(connection.send(texts), DEADLINE_MS, () => {
        throw new Error(`it did not take a message within ${DEADLINE_MS / 1_000} s`);
      });
    } catch (error) {
      if (connection === this.connection) this.break(error);
    }
  }

  /** Sends what is to come back. */
  echo(text: string): void {
    if (this.silentSince !== undefined && performance.now() - this.silentSince >= ECHO_MS) {
      this.break(new Error(`what is sent does not come back: ${this.transport.advice}`));
      return;
    }
    this.silentSince ??= performance.now();
    void this.send([text]);
  }

  /** Something of our own has come back. */
  echoed(): void {
    this.silentSince = undefined;
    this.waitMs = RECONNECT_MS.first;
    this.become(undefined);
  }

  private async connect(): Promise<void> {
    const attempt = Symbol('attempt');
    this.attempt = attempt;
    const opening = this.transport.connect({
      text: (text) => this.attempt === attempt && this.user.text(text),
      broken: (error) => this.attempt === attempt && this.break(error),
    });
    try {
      const connection = await inTime(opening, DEADLINE_MS, tooLate);
      // while it was made it may have broken, or not be wanted any more
      if (this.attempt !== attempt) return await connection.close();
      this.connection = connection;
      this.user.opened();
    } catch (error) {
      // whenever it comes
      opening.then((unused) => unused.close()).catch(() => undefined);
      if (this.attempt === attempt) this.break(error);
    }
  }

  /** Connects again after a while, longer each time. */
  private break(error: unknown): void {
    const { connection } = this;
    this.attempt = undefined;
    this.connection = undefined;
    this.silentSince = undefined;
    this.user.broken();
    this.become(`${this.transport.name}: ${error instanceof Error ? error.message : String(error)}`);
    void connection?.close();
    clearTimeout(this.timer);
    // not all nodes at the same moment
    this.timer = setTimeout(() => void this.connect(), this.waitMs * (0.5 + Math.random() / 2)).unref();
    this.waitMs = Math.min(2 * this.waitMs, RECONNECT_MS.most);
  }

  private become(reason: string | undefined): void {
    if (reason === this.reason) return;
    this.reason = reason;
    this.user.changed(reason);
  }
}
