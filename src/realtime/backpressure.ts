import type { ClientSocket } from './client-socket.js';
import type { Inbox } from './inbox.js';

/** Writes submitted and not yet answered, above which the socket is read no further. */
const MAX_UNANSWERED = 1_024;
/** Bytes read from an unauthenticated connection: the handshake, and a token with room to spare. */
const MAX_UNAUTHENTICATED_BYTES = 64 * 1024;

/**
 * Reads a socket no further while its client sends more than is taken, or takes less than it is sent: what it sends then
 * waits in its own network buffers.
 */
export class BackPressure {
  private unanswered = 0;
  private settle: () => void = () => undefined;
  private isAnonymous = true;
  private isPaused = false;
  private throttled: NodeJS.Timeout | undefined;

  /** @param unsentBytes bytes on their way to the client, above which it is heard no further. */
  constructor(
    private readonly socket: ClientSocket,
    private readonly inbox: Pick<Inbox, 'isFull'>,
    private readonly unsentBytes: number,
  ) {}

  /** From here on the client may send as much as is taken. */
  identified(): void {
    this.isAnonymous = false;
    this.resumeUnlessFull();
  }

  /** A write is not waited for: the next message may join its group. */
  submitted(): void {
    this.unanswered += 1;
  }

  answered(): void {
    this.unanswered -= 1;
    if (this.unanswered === 0) this.settle();
    this.resumeUnlessFull();
  }

  /** Resolves when each write has its answer. */
  async settled(): Promise<void> {
    if (this.unanswered > 0) await new Promise<void>((resolve) => (this.settle = resolve));
  }

  /** Hears nothing for a time. */
  throttle(ms: number): void {
    if (ms <= 0) return;
    clearTimeout(this.throttled);
    this.throttled = setTimeout(() => {
      this.throttled = undefined;
      this.resumeUnlessFull();
    }, ms);
    this.throttled.unref();
  }

  /** More has come. */
  pauseIfFull(): void {
    if (!this.isFull) return;
    this.isPaused = true;
    this.socket.pause();
  }

  /** Something has been taken. */
  resumeUnlessFull(): void {
    // asked with each message and each answer, and nearly always for nothing
    if (!this.isPaused || this.isFull) return;
    this.isPaused = false;
    this.socket.resume();
  }

  private get isFull(): boolean {
    const { socket, inbox } = this;
    return (
      (this.isAnonymous && socket.received > MAX_UNAUTHENTICATED_BYTES) ||
      this.throttled !== undefined ||
      inbox.isFull ||
      this.unanswered >= MAX_UNANSWERED ||
      socket.unsent >= this.unsentBytes
    );
  }
}
