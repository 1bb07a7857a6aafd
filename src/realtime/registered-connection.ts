import type { Principal } from '../protocol/index.js';
import type { ClientSocket } from './client-socket.js';

/** What the registry knows of one connection. */
export interface RegisteredConnection {
  readonly clientId: string;
  /** undefined until somebody is known. */
  readonly principal: Principal | undefined;
  readonly socket: Pick<
    ClientSocket,
    'send' | 'answer' | 'ping' | 'close' | 'closed' | 'wasAlive' | 'half' | 'unsent' | 'newest'
  >;
  /** Sends ready frames that may be lost. */
  sendBestEffort(frames: Buffer): void;
}
