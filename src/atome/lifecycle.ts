import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { RequestAuthenticator } from '../auth/authentication/request-authenticator.js';
import { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import { Feed } from '../feed/feed.js';
import { ArrivingBodies, defaultBodyLimits } from '../http/arriving-bodies.js';
import { addBodyParsers, PATCH_TYPES } from '../http/body-parsers.js';
import { keepOutOfCaches } from '../http/cache-headers.js';
import { refuseExtras } from '../http/refused-extras.js';
import { takeOwnContent } from '../http/request-content.js';
import { Scrubber } from '../ledger/integrity/scrubber.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { ConnectionRegistry } from '../realtime/connection-registry.js';
import { LimitedLog } from '../http/limited-log.js';
import { Drain } from '../http/drain.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';

/** Starts and ends what has timers and connections, in order. */
@Injectable()
export class AtomeLifecycle implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(LEDGER_STORE) private readonly store: LedgerStore,
    private readonly writer: LedgerWriter,
    private readonly feed: Feed,
    private readonly connectionRegistry: ConnectionRegistry,
    private readonly connectionLimiter: ConnectionLimiter,
    private readonly requestAuthenticator: RequestAuthenticator,
    private readonly drain: Drain,
    private readonly http: HttpAdapterHost,
    private readonly scrubber: Scrubber,
  ) {}

  async onModuleInit(): Promise<void> {
    // an application context (a worker, a command) has no server
    const adapter = this.http.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (adapter) this.prepare(adapter.getInstance<FastifyInstance>());
    this.feed.start();
    this.connectionRegistry.start();
    this.connectionLimiter.start();
    // a session that ended while this server was down must not be good for its first second
    await this.connectionLimiter.check();
  }

  /** Before Nest cuts the sockets: finish what was accepted, tell it, and say goodbye. */
  async beforeApplicationShutdown(): Promise<void> {
    this.drain.begin();
    this.connectionRegistry.announceShutdown();
    await this.writer.drain();
    await this.drain.answered();
    this.connectionRegistry.stop();
    await this.connectionRegistry.close();
  }

  private prepare(fastify: FastifyInstance): void {
    addBodyParsers(fastify, PATCH_TYPES);
    keepOutOfCaches(fastify);
    this.requestAuthenticator.register(fastify);
    refuseExtras(fastify);
    const log = new LimitedLog(new Logger('Http'));
    takeOwnContent(fastify, { bodies: new ArrivingBodies(defaultBodyLimits(), log), log });
    // behind the body: one that never comes whole must not hold the end
    fastify.addHook('preHandler', (request, reply, done) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') this.drain.track(reply.raw);
      done();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.connectionLimiter.stop();
    this.feed.stop();
    await this.scrubber.done();
    await this.store.close();
  }
}
