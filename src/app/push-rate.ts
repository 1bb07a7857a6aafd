import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isObject } from '../protocol/index.js';

/** Callers of which something is remembered, above which those are forgotten that have nothing to pay. */
const MOST_CALLERS = 10_000;

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

/**
 * Charges pushes by the writes in them: one call may hold as many as a thousand calls. For each caller it remembers one time,
 * when all that it has pushed is paid (GCRA).
 */
export class PushRate {
  private readonly paidOff = new Map<string, number>();

  constructor(private readonly options: PushRateOptions) {}

  attach(fastify: FastifyInstance): void {
    fastify.addHook('preHandler', (request, _reply, done) => {
      const isPush = request.routeOptions.url?.endsWith('/sync/push') === true;
      // more than may come at once are refused by the call itself
      const writes = isPush ? Math.min(writesIn(request.body), this.options.burst) : 0;
      const wait = writes > 1 ? this.charge(this.options.callerOf(request), writes) : 0;
      done(wait > 0 ? this.options.refuse(wait) : undefined);
    });
  }

  /** @returns how long to wait, in milliseconds; 0 when it is charged. */
  private charge(caller: string, writes: number): number {
    const { perSecond, burst, now = Date.now } = this.options;
    const at = now();
    const due = Math.max(at, this.paidOff.get(caller) ?? 0);
    const after = due + (writes * 1_000) / perSecond;
    const wait = after - at - (burst * 1_000) / perSecond;
    if (wait > 0) return Math.ceil(wait);
    if (this.paidOff.size >= MOST_CALLERS) this.forgetPaid(at);
    this.paidOff.set(caller, after);
    return 0;
  }

  private forgetPaid(at: number): void {
    for (const [caller, due] of this.paidOff) if (due <= at) this.paidOff.delete(caller);
  }
}

/** In the words of this server, and in those of the original client. */
function writesIn(body: unknown): number {
  if (!isObject(body)) return 0;
  const { operations, atomes } = body;
  if (Array.isArray(operations)) return operations.length;
  return Array.isArray(atomes) ? atomes.length : 0;
}
