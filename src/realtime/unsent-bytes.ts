import type { MemoryHolder } from '../auth/admission/memory-budget.js';
import type { LimitedLog } from '../http/limited-log.js';
import { CloseCode } from '../protocol/index.js';
import type { ClientSocket } from './client-socket.js';

/** One who is sent something. */
interface Receiver {
  readonly socket: Pick<ClientSocket, 'unsent' | 'newest' | 'close'>;
}

/** What all clients have been sent and have not taken. Frames that many are sent are there once. */
export class UnsentBytes implements MemoryHolder {
  readonly name = 'bytes that clients have not taken';
  /** As they were counted last: they are asked for too often to look at each connection. */
  bytes = 0;

  constructor(
    private readonly receivers: ReadonlySet<Receiver>,
    private readonly log: Pick<LimitedLog, 'warn'>,
  ) {}

  /** To be called about once a second. */
  count(): void {
    const counted = new Set<Buffer>();
    let bytes = 0;
    for (const { socket } of this.receivers) {
      const { unsent, newest } = socket;
      if (unsent === 0) {
        // who has taken all is no reason to keep it
        socket.newest = undefined;
        continue;
      }
      const shared = Math.min(unsent, newest?.length ?? 0);
      bytes += newest && counted.has(newest) ? unsent - shared : unsent;
      if (newest) counted.add(newest);
    }
    this.bytes = bytes;
  }

  /** Closes the connections of those who have most to take: they come back with their cursors. */
  shed(bytes: number): void {
    const slow = [...this.receivers].filter(({ socket }) => socket.unsent > 0);
    slow.sort((one, other) => other.socket.unsent - one.socket.unsent);
    let freed = 0;
    for (const { socket } of slow) {
      if (freed >= bytes) break;
      freed += socket.unsent;
      socket.close(CloseCode.NO_PROGRESS, 'the server has no memory for what was not taken');
    }
    this.bytes = Math.max(0, this.bytes - freed);
    if (freed > 0) this.log.warn('unsent', `connections that take too little are closed: no memory (MEMORY_BUDGET)`);
  }
}
