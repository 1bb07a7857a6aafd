import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { KindUpgrader } from '../application/kind-upgrader.js';
import { OtherNodes } from '../application/other-nodes.js';
import { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import { ConsumerRunner } from '../consumers/consumer.runner.js';
import { EdgeLink } from '../edge/edge-link.js';
import { Feed } from '../feed/feed.js';
import { ArrivingBodies } from '../http/arriving-bodies.js';
import { Drain } from '../http/drain.js';
import { sumUpNow } from '../http/limited-log.js';
import { RequestTurns } from '../http/request-turns.js';
import { Scrubber } from '../ledger/integrity/scrubber.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { ConnectionRegistry } from '../realtime/connection-registry.js';
import { AtomeEvents } from './atome-events.js';

/** One thing that a start or an end consists of. */
interface Step {
  readonly name: string;
  readonly run: (modules: ModuleRef) => void | Promise<void>;
}

function step<T>(name: string, token: Type<T> | symbol, run: (part: T) => void | Promise<void>): Step {
  return { name, run: (modules) => run(modules.get<T>(token, { strict: false })) };
}

function together(...steps: readonly Step[]): Step {
  return {
    name: steps.map(({ name }) => name).join(' and '),
    run: async (modules) => {
      await Promise.all(steps.map(async ({ run }) => run(modules)));
    },
  };
}

const START: readonly Step[] = [
  step('look after bodies that arrive', ArrivingBodies, (bodies) => bodies.start()),
  step('follow the ledger', Feed, (feed) => feed.start()),
  step('listen to other nodes', OtherNodes, (nodes) => nodes.start()),
  step('go on with what is to be propagated', LedgerWriter, (writer) => writer.start()),
  step('follow the server above', EdgeLink, (link) => link.start()),
  step('bring atomes to the schemas of now', KindUpgrader, (upgrader) => upgrader.start()),
  step('begin the heartbeat', ConnectionRegistry, (registry) => registry.start()),
  step('begin to check identities', ConnectionLimiter, (limiter) => limiter.start()),
  // a session that ended while this server was down must not be good for its first second
  step('check identities', ConnectionLimiter, (limiter) => limiter.check()),
];

/** How long the end waits for sockets, and for answers that are on their way, and for those to what came behind them, in milliseconds. */
const ANSWER_MS = 4_000;
const LAST_ANSWER_MS = 1_000;

/** Before Nest cuts the sockets: finish what was accepted, tell it, and say goodbye. */
const DRAIN: readonly Step[] = [
  step('leave older atomes as they are', KindUpgrader, (upgrader) => upgrader.stop()),
  step('end long answers', Drain, (drain) => drain.begin()),
  step('refuse at once', RequestTurns, (turns) => turns.end()),
  // what is on its way is taken still; neither waits for the other
  together(
    step('send sockets away', ConnectionRegistry, (registry) => registry.leave(ANSWER_MS)),
    step('let requests be answered', Drain, (drain) => drain.answered(ANSWER_MS)),
  ),
  // while they may still write
  step('let handlers finish', AtomeEvents, (events) => events.settled()),
  step('let consumers finish', ConsumerRunner, (consumers) => consumers.stop()),
  step('leave the server above', EdgeLink, (link) => link.stop()),
  step('commit what was accepted', LedgerWriter, (writer) => writer.drain()),
  step('send the answers', Drain, (drain) => drain.answered(LAST_ANSWER_MS)),
  step('end the heartbeat', ConnectionRegistry, (registry) => registry.stop()),
  step('close connections', ConnectionRegistry, (registry) => registry.close()),
  step('let handlers know of the last writes', AtomeEvents, (events) => events.settled()),
];

const END: readonly Step[] = [
  step('end the checks of identities', ConnectionLimiter, (limiter) => limiter.stop()),
  step('leave the other nodes', OtherNodes, (nodes) => nodes.stop()),
  step('leave the ledger', Feed, (feed) => feed.stop()),
  step('give up bodies that arrive', ArrivingBodies, (bodies) => bodies.stop()),
  step('finish scrubbing', Scrubber, (scrubber) => scrubber.done()),
  step<LedgerStore>('close the database', LEDGER_STORE, (store) => store.close()),
  { name: 'sum up what was logged', run: sumUpNow },
];

/** Starts and ends what has timers and connections, step by step. */
@Injectable()
export class AtomeLifecycle implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger('Lifecycle');

  constructor(private readonly modules: ModuleRef) {}

  async onModuleInit(): Promise<void> {
    for (const { run } of START) await run(this.modules);
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.runAll(DRAIN);
  }

  onApplicationShutdown(): Promise<void> {
    return this.runAll(END);
  }

  /** A step that fails is named, and keeps none of the others from being taken. @throws what the first of them has thrown. */
  private async runAll(steps: readonly Step[]): Promise<void> {
    const errors: unknown[] = [];
    for (const { name, run } of steps) {
      try {
        await run(this.modules);
      } catch (error) {
        this.logger.error(`the step "${name}" of the shutdown has failed: ${String(error)}`);
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
