import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TokenBuckets } from '../auth/admission/token-buckets.js';
import { atomesIn, isObject } from '../protocol/index.js';

/** How much callers may write by pushes. */
export interface PushRateOptions {
  readonly perSecond: number;
  /** How many writes may come at once. */
  readonly burst: number;
  readonly callerOf: (request: FastifyRequest) => string;
  /** Makes the refusal. @param waitMs when it is paid. */
  readonly refuse: (waitMs: number) => Error;
  readonly now?: () => number;
}

/** Charges pushes and batches by the writes in them: one call may hold as many as a thousand calls. */
export class PushRate {
  private readonly callers: TokenBuckets;

  constructor(private readonly options: PushRateOptions) {
    this.callers = new TokenBuckets(options.perSecond, options.burst);
  }

  attach(fastify: FastifyInstance): void {
    fastify.addHook('preHandler', (request, _reply, done) => {
      const { url = '' } = request.routeOptions;
      const count = url.endsWith('/sync/push') ? writesIn : url.endsWith('/atome/batch') ? atomesIn : undefined;
      // more than may come at once are refused by the call itself, or wait for each other
      const writes = count ? Math.min(count(request.body), this.options.burst) : 0;
      const wait = writes > 1 ? this.charge(this.options.callerOf(request), writes) : 0;
      done(wait > 0 ? this.options.refuse(wait) : undefined);
    });
  }

  /** @returns how long to wait, in milliseconds; 0 when it is charged. */
  private charge(caller: string, writes: number): number {
    const { now = Date.now } = this.options;
    const at = now();
    const bucket = this.callers.of(caller, at);
    const wait = bucket.waitFor(at, writes);
    return wait > 0 ? wait : bucket.take(at, writes);
  }
}

/** In the words of this server, and in those of the original client. */
function writesIn(body: unknown): number {
  if (!isObject(body)) return 0;
  const { operations, atomes } = body;
  if (Array.isArray(operations)) return operations.length;
  return Array.isArray(atomes) ? atomes.length : 0;
}
