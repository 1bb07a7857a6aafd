import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressOf } from '../auth/admission/client-address.js';
import type { Waiting } from '../auth/admission/fair-slots.js';
import { identityOf } from '../auth/authentication/request-authenticator.js';
import { ConnectionLimiter, type ConnectionLease } from '../auth/admission/connection-limiter.js';
import { HeavyCalls } from './heavy-calls.js';
import { Drain } from './drain.js';
import { isSent } from './json-answers.js';
import { ResolvedOptions } from '../config/module-options.js';
import { whenOver } from './when-over.js';

export function isHead({ method }: FastifyRequest): boolean {
  return method === 'HEAD';
}

/** Answers HEAD where GET would answer with a stream: an empty one has no length that could be told. */
export function sendHead(reply: FastifyReply): void {
  void reply.send(Readable.from([]));
  isSent(reply);
}

/** Waits for the parts of an answer that is open as long as it is: the number of these is bounded. */
export function until(signal: AbortSignal): Waiting {
  return { isPatient: true, onGone: (gone) => signal.addEventListener('abort', gone, { once: true }) };
}

/** Answers that stay open: each holds a connection lease, and ends when its caller may not go on. */
@Injectable()
export class LongResponses {
  constructor(
    private readonly connectionLimiter: ConnectionLimiter,
    private readonly options: ResolvedOptions,
    private readonly drain: Drain,
    private readonly heavyCalls: HeavyCalls,
  ) {}

  /**
   * Aborts when an answer has ended, when its client has gone away, when the caller's token ends or is withdrawn, or when
   * the server goes down; one that `finishes` is not cut off by that.
   * @throws AtomeError when no lease can be acquired.
   */
  open(request: FastifyRequest, reply: FastifyReply, { finishes = false } = {}): AbortSignal {
    const identity = identityOf(request)!;
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const lease = this.acquireLease(request, abort);
    try {
      lease.assign(identity);
    } catch (error) {
      lease.release();
      throw error;
    }
    const drain = finishes ? undefined : this.drain.signal;
    drain?.addEventListener('abort', abort);
    whenOver(request, reply, () => {
      drain?.removeEventListener('abort', abort);
      lease.release();
      abort();
    });
    if (drain?.aborted) abort();
    return controller.signal;
  }

  /** As {@link HeavyCalls.hold}. */
  holdHeavy(request: FastifyRequest, reply: FastifyReply): void {
    this.heavyCalls.hold(request, reply);
  }

  private acquireLease({ raw }: FastifyRequest, onRevoked: () => void): ConnectionLease {
    const address = addressOf(raw, this.options.proxies);
    const refusal = this.connectionLimiter.refusal(address);
    if (refusal) throw refusal;
    return this.connectionLimiter.acquire(address, onRevoked);
  }
}
