import type { Principal } from '../protocol/index.js';
import type { ClientSocket } from './client-socket.js';
import type { ActiveSubscription } from './subscription.js';

/** What the registry knows of one connection. */
export interface RegisteredConnection {
  readonly clientId: string;
  /** undefined until somebody is known. */
  readonly principal: Principal | undefined;
  /** When it was opened, in epoch milliseconds. */
  readonly connectedAt: number;
  /** What it reads; undefined for nothing. */
  readonly reading: ActiveSubscription | undefined;
  /** Whether it has been asked to come back to another server. */
  readonly isLeaving: boolean;
  readonly socket: Pick<
    ClientSocket,
    'send' | 'answer' | 'close' | 'closed' | 'half' | 'liveness' | 'unsent' | 'newest'
  >;
  /** Sends ready frames that may be lost. */
  sendBestEffort(frames: Buffer): void;
  /**
   * Asks it to come back after so many milliseconds, to whichever server it finds then, and closes it once its own writes
   * are answered. Resolves when it is closed, and what it could not send again has been taken.
   */
  leave(retryAfter: number): Promise<void>;
}
