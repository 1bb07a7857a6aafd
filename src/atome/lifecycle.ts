import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Feed } from '../feed/feed.js';
import { addBodyParsers, PATCH_TYPES } from '../door/body-parsers.js';
import { Scrubber } from '../ledger/scrubber.js';
import { LedgerWriter } from '../ledger/writer.js';
import { Connections } from './connections.js';
import { Drain } from '../door/drain.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';

/** Starts and ends what has timers and connections, in order. */
@Injectable()
export class AtomeLifecycle implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(LEDGER_STORE) private readonly store: LedgerStore,
    private readonly writer: LedgerWriter,
    private readonly feed: Feed,
    private readonly connections: Connections,
    private readonly drain: Drain,
    private readonly http: HttpAdapterHost,
    private readonly scrubber: Scrubber,
  ) {}

  onModuleInit(): void {
    // an application context (a worker, a command) has no server
    const adapter = this.http.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (adapter) addBodyParsers(adapter.getInstance<FastifyInstance>(), PATCH_TYPES);
    this.feed.start();
    this.connections.start();
  }

  /** Before Nest cuts the sockets: finish what was accepted, tell it, and say goodbye. */
  async beforeApplicationShutdown(): Promise<void> {
    this.drain.begin();
    this.connections.goAway();
    await this.writer.drain();
    this.connections.stop();
    await this.connections.close();
  }

  async onApplicationShutdown(): Promise<void> {
    this.feed.stop();
    await this.scrubber.done();
    await this.store.close();
  }
}
