import type { Principal } from '../protocol/index.js';
import type { ClientSocket } from './client-socket.js';

/** What the registry knows of one connection. */
export interface RegisteredConnection {
  readonly clientId: string;
  /** undefined until somebody is known. */
  readonly principal: Principal | undefined;
  /** Whether it may not go on: what it sends is not heard any more. */
  readonly hasEnded: boolean;
  readonly socket: Pick<
    ClientSocket,
    'send' | 'answer' | 'ping' | 'close' | 'closed' | 'wasAlive' | 'half' | 'unsent' | 'newest'
  >;
  /** Sends ready frames that may be lost. */
  sendBestEffort(frames: Buffer): void;
  /** Asks it to come back after so many milliseconds, to whichever server it finds then. What it writes from here on waits until then. */
  leave(retryAfter: number): void;
}
