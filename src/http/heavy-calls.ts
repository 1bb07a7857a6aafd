import type { FastifyReply, FastifyRequest } from 'fastify';
import { Counter } from '../auth/admission/counter.js';
import { identityOf } from '../auth/authentication/request-authenticator.js';
import { AtomeError } from '../protocol/index.js';
import type { HeavyLimits } from '../config/module-options.js';
import type { LimitedLog } from './limited-log.js';
import { whenOver } from './when-over.js';

/** When it is worth trying again, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Slots for what costs more than a call should: a search, an export, a snapshot, an audit, a share. Each takes one while it
 * runs, so that however many are asked for, what they take of the database is bounded.
 */
export class HeavyCalls {
  private readonly principals = new Counter();
  private running = 0;

  constructor(
    private readonly limits: HeavyLimits,
    private readonly hasTokens: boolean,
    private readonly log: Pick<LimitedLog, 'warn'>,
  ) {}

  /** Holds a slot until the answer has ended. @throws AtomeError `rate_limited` or `unavailable` when there is none. */
  hold(request: FastifyRequest, reply: FastifyReply): void {
    whenOver(request, reply, this.acquire(request));
  }

  /** Holds a slot while something runs. @throws as {@link hold}, by rejecting. */
  async during<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    const release = this.acquire(request);
    try {
      return await work();
    } finally {
      release();
    }
  }

  private acquire(request: FastifyRequest): () => void {
    const principal = identityOf(request)?.principal;
    const name = this.hasTokens && principal ? `${principal.tenant} ${principal.id}` : undefined;
    const { total, perPrincipal } = this.limits;
    if (total > 0 && this.running >= total) {
      throw this.refused('unavailable', 'the server has as many heavy calls as it can run', 'HEAVY_CALLS');
    }
    if (name !== undefined && perPrincipal > 0 && this.principals.of(name) >= perPrincipal) {
      throw this.refused('rate_limited', 'as many of your heavy calls run as may at once', 'HEAVY_CALLS_PER_PRINCIPAL');
    }
    this.running += 1;
    if (name !== undefined) this.principals.add(name);
    return () => {
      this.running -= 1;
      if (name !== undefined) this.principals.remove(name);
    };
  }

  private refused(code: 'unavailable' | 'rate_limited', why: string, setting: string): AtomeError {
    const error = new AtomeError(code, `${why}; wait, then repeat`, { retryAfter: RETRY_MS });
    this.log.warn(code, `${error.status}: ${why} (${setting})`);
    return error;
  }
}
