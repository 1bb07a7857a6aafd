import { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import { identityOf, ruleOfRoute } from '../auth/authentication/request-authenticator.js';
import { HeldRefusals } from '../ledger/write/held-refusals.js';
import { RESERVE } from '../ledger/write/admission.js';
import { WriteRate } from '../ledger/write/quotas.js';
import { AtomeError, type Principal } from '../protocol/index.js';
import { isNoProbe } from './access-log.js';
import type { Drain } from './drain.js';
import type { LimitedLog } from './limited-log.js';
import { TurnPace } from './turn-pace.js';
import { isGone, WaitingCalls, type Call, type Passed } from './waiting-calls.js';

/** How many of those in the line begin at the end; they are under way together. The others are refused. */
export const AT_THE_END = 1_000;
const RETRY_MS = 1_000;

/**
 * Lets calls begin, so many in each turn of the event loop as it has time for, and tenants in turn: what one of them sends at once
 * must not stand before what comes from another. It costs nothing as long as all can begin at once.
 */
export class RequestTurns implements Passed {
  /** In the order of their turns. */
  private readonly lines = new Map<string, WaitingCalls>();
  private readonly modest = new WriteRate(RESERVE);
  private readonly refusals = new HeldRefusals();
  private readonly pace = new TurnPace(() => this.turn());
  private isEnding = false;

  constructor(
    private readonly log: Pick<LimitedLog, 'warn'>,
    private readonly drain: Pick<Drain, 'track' | 'forget'>,
  ) {}

  /** Of the calls of the module, once it is known who calls. */
  attach(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, { raw }, done) => {
      if (ruleOfRoute(request) && isNoProbe(request))
        this.enter(identityOf(request)?.principal ?? ANONYMOUS, raw, done);
      else done();
    });
  }

  /** Has all that waits begin or be refused now, and nothing wait from here on. */
  end(): void {
    this.isEnding = true;
    this.refusals.end();
    for (let n = 0, call = this.next(-Infinity); call; call = this.next(-Infinity), n += 1) {
      call.begin(n < AT_THE_END ? undefined : new AtomeError('unavailable', 'the server is going down; try again'));
    }
  }

  /**
   * Has a call begin when it is its turn, or be refused; not at all where its client has gone before.
   * @param answer is on its way from here on, if it has to wait.
   */
  enter({ tenant, id }: Pick<Principal, 'tenant' | 'id'>, answer: ServerResponse, begin: Call['begin']): void {
    this.pace.came();
    if (this.isEnding || (this.lines.size === 0 && this.pace.hasRoom)) {
      this.pace.begins();
      begin();
      return;
    }
    if (isGone(answer)) return;
    const cameAt = performance.now();
    const line = this.lines.get(tenant) ?? new WaitingCalls(cameAt, id === ANONYMOUS.id);
    this.lines.set(tenant, line);
    const name = `${tenant} ${id}`;
    const isModest = id !== ANONYMOUS.id && this.modest.waitFor(name, cameAt) === 0;
    this.modest.charge(name, 1, cameAt);
    this.drain.track(answer);
    // it goes on in its own context, not in that of whichever call began the turn
    const context = new AsyncResource('atome-sync call');
    line.push({ cameAt, answer, begin: (error) => context.runInAsyncScope(begin, undefined, error) }, isModest);
  }

  private turn(): void {
    if (this.lines.size === 0) return;
    const now = performance.now();
    this.pace.goOn(now);
    for (; this.pace.hasRoom && this.lines.size > 0; this.pace.begins()) this.next(now)?.begin();
  }

  /** Of the tenant whose turn it is. What is refused on the way takes no place. */
  private next(now: number): Call | undefined {
    for (const [tenant, line] of this.lines) {
      // its next turn is after those of all others
      this.lines.delete(tenant);
      const call = line.next(now, this);
      if (line.size > 0) this.lines.set(tenant, line);
      if (call) return call;
    }
    return undefined;
  }

  /** Its client has gone. */
  drop({ answer }: Call): void {
    this.drain.forget(answer);
  }

  refuse({ answer, begin }: Call): void {
    const why = 'more calls come than can be answered in time';
    this.log.warn('calls', `503: a call was refused: ${why} of its tenant`);
    const refusal = new AtomeError('unavailable', `${why}; send fewer at once, and try again`, {
      retryAfter: RETRY_MS,
    });
    this.refusals.told(refusal).catch(() => {
      if (isGone(answer)) this.drain.forget(answer);
      else begin(refusal);
    });
  }
}
