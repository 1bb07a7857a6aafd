import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ruleOfRoute } from '../auth/authentication/request-authenticator.js';
import { answerUnderWay } from './connection-errors.js';
import { LimitedLog } from './limited-log.js';
import { fastifyOf } from './fastify-of.js';

/** How long a peer may take nothing of what it is sent, in milliseconds. */
const STALLED_MS = 30_000;
const CHECK_MS = 5_000;

/** On answers of the module: its connections may carry those of a host application, too. */
const OURS = Symbol('an answer of the module');
type Answer = ServerResponse & { [OURS]?: true };

/** How far a peer had come, and when it was seen to come further. */
interface Progress {
  readonly taken: string;
  readonly at: number;
}

/**
 * Cuts connections whose peers take nothing of what they are sent. Without it an answer that nobody reads stays in memory,
 * and a stream keeps its lease, for as long as the other end likes.
 */
@Injectable()
export class StallGuard implements OnModuleInit, OnApplicationShutdown {
  private readonly watched = new Map<Socket, Progress | undefined>();
  /** For those that may take longer than others. */
  private readonly patience = new WeakMap<Socket, number>();
  private readonly log = new LimitedLog(new Logger('Http'));
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly host: HttpAdapterHost) {}

  /** Watches the connections of all calls of the module; those of a host application's own routes are its business. */
  onModuleInit(): void {
    fastifyOf(this.host)?.addHook('onRequest', (request, reply, done) => {
      if (ruleOfRoute(request)) {
        this.watch(request.raw.socket);
        (reply.raw as Answer)[OURS] = true;
      }
      done();
    });
    this.timer = setInterval(() => this.check(performance.now()), CHECK_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /**
   * May be called again for each request of a connection.
   * @param leastMs it is not cut earlier: a server that waits longer for a pong waits as long for this.
   */
  watch(socket: Socket, leastMs = STALLED_MS): void {
    if (this.watched.has(socket)) return;
    this.patience.set(socket, Math.max(STALLED_MS, leastMs));
    this.watched.set(socket, undefined);
    socket.once('close', () => this.watched.delete(socket));
  }

  /** Looks once how far each peer has come. */
  check(now: number): void {
    for (const [socket, before] of this.watched) {
      if (socket.writableLength === 0 || this.isOfHost(socket)) {
        if (before) this.watched.set(socket, undefined);
        continue;
      }
      const taken = takenOf(socket);
      if (taken !== before?.taken) this.watched.set(socket, { taken, at: now });
      else if (now - before.at >= this.patienceWith(socket)) this.cut(socket);
    }
  }

  private isOfHost(socket: Socket): boolean {
    const answer = answerUnderWay(socket);
    return answer !== undefined && !(answer as Answer)[OURS];
  }

  private patienceWith(socket: Socket): number {
    return this.patience.get(socket) ?? STALLED_MS;
  }

  private cut(socket: Socket): void {
    const waited = `${this.patienceWith(socket) / 1_000} s`;
    this.log.warn(
      'stalled',
      `a connection of ${socket.remoteAddress ?? 'somebody'} was cut: it took nothing for ${waited}`,
    );
    socket.destroy();
  }
}

/**
 * Another text after each byte that a peer has taken. A write counts as a whole when all of it is taken; of the one that
 * is under way, libuv knows how much is left.
 */
function takenOf(socket: Socket): string {
  const handle = (socket as Socket & { _handle?: { writeQueueSize?: number } | null })._handle;
  return `${socket.bytesWritten - socket.writableLength} ${handle?.writeQueueSize ?? 0}`;
}
