import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerUnderWay } from '../http/connection-errors.js';
import { DEFAULT_CONNECTION_LIMITS } from '../auth/admission/connection-limiter.js';
import type { LimitedLog } from '../http/limited-log.js';
import { observeUpgrades } from '../http/upgrade-observers.js';

/** Files that the server needs besides its connections: the database, the log, its own program. */
const RESERVED = 64;

/** How many files the process may have open; undefined where the system does not tell. */
export function openFileLimit(): number | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    // only Linux has that file; elsewhere nothing is known, and nothing is bounded by it
    return undefined;
  }
}

/** How many connections of all kinds fit into a limit of files. */
export function connectionsWithin(fileLimit: number): number {
  return Math.max(1, fileLimit - RESERVED);
}

/** So few connections are worth a word, whatever has been asked for. */
const FEW = 1_000;

/**
 * What to tell whoever starts the server, when fewer connections fit than were asked for by a setting, or than a server
 * usually needs.
 * @param total how many may be open by the settings; 0: any number.
 */
export function connectionWarning(total: number, fileLimit: number): string | undefined {
  const most = connectionsWithin(fileLimit);
  if (total !== 0 && total <= most) return undefined;
  const isAsked = total !== DEFAULT_CONNECTION_LIMITS.total;
  if (!isAsked && most >= FEW) return undefined;
  const wanted = isAsked ? ` and not ${total === 0 ? 'any number' : total}` : '';
  return `the process may have ${fileLimit} files open, so that ${most} connections fit${wanted}; raise ulimit -n, or lower MAX_CONNECTIONS`;
}

/**
 * Bounds the connections of a server, whatever they are used for. At a full server the oldest one that nothing is asked on
 * makes room for the newest, so that connections that say nothing keep nobody out.
 */
export class HttpConnections {
  /** Those that nothing is asked on, the oldest first. */
  private readonly idle = new Set<Socket>();
  private open = 0;

  constructor(
    private readonly most: number,
    private readonly log: Pick<LimitedLog, 'warn'>,
  ) {}

  attach(server: Server): void {
    server.on('connection', (socket: Socket) => this.add(socket));
    const { idle } = this;
    // one for all answers, which close once
    const closed = function (this: ServerResponse): void {
      const { socket } = this.req;
      // behind another request on it, or handed over to the WebSocket, it is in use
      if (!socket.destroyed && !answerUnderWay(socket)) idle.add(socket);
    };
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      idle.delete(socket);
      response.on('close', closed);
    });
    observeUpgrades(server, ({ socket }) => this.idle.delete(socket));
  }

  private add(socket: Socket): void {
    this.open += 1;
    this.idle.add(socket);
    socket.once('close', () => {
      this.open -= 1;
      this.idle.delete(socket);
    });
    if (this.open > this.most) this.makeRoom(socket);
  }

  private makeRoom(newest: Socket): void {
    const [oldest = newest] = this.idle;
    const who = oldest === newest ? 'the newest was closed' : 'the oldest that asks for nothing was closed';
    this.log.warn('connections', `${this.most} connections are open, ${who} (ulimit -n, MAX_CONNECTIONS)`);
    oldest.destroy();
  }
}
