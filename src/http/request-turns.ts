import type { FastifyInstance } from 'fastify';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import { identityOf, ruleOfRoute } from '../auth/authentication/request-authenticator.js';
import { HeldRefusals } from '../ledger/write/held-refusals.js';
import { RESERVE } from '../ledger/write/admission.js';
import { WriteRate } from '../ledger/write/quotas.js';
import { AtomeError, type Principal } from '../protocol/index.js';
import { isNoProbe } from './access-log.js';
import type { LimitedLog } from './limited-log.js';

/** How long a turn of the event loop is to take, in milliseconds: whoever comes meanwhile waits for two at the most. */
const TURN_MS = 5;
/** How many calls begin in a turn, at the least and at the most: it is learnt what they cost. */
export const IN_TURN = { least: 16, first: 64, most: 256 } as const;
/** How much of what the calls of a turn took goes into what the next ones are expected to take. */
const NEWEST_SHARE = 0.1;
/**
 * A call that has waited for so long is refused, where none has waited for less than `SHORT_MS` for some time, in milliseconds, and
 * more wait than begin in the largest turn: few callers bound themselves.
 */
export const LATE_MS = 100;
const SHORT_MS = 25;
export const STANDING_AFTER_MS = 500;
const RETRY_MS = 1_000;

interface Call {
  readonly cameAt: number;
  readonly begin: (refusal?: AtomeError) => void;
}

/** The calls of a tenant that wait. */
class Line {
  /** Of those who ask for little, however much others of their tenant do: they may be about to take a right away. */
  readonly modest: Call[] = [];
  readonly others: Call[] = [];
  /** When nobody has waited for long. */
  shortAt: number;

  constructor(now: number) {
    this.shortAt = now;
  }
}

/**
 * Lets calls begin, so many in each turn of the event loop as it has time for, and tenants in turn: what one of them sends at once
 * must not stand before what comes from another. It costs nothing as long as all can begin at once.
 */
export class RequestTurns {
  /** In the order of their turns. */
  private readonly lines = new Map<string, Line>();
  private readonly modest = new WriteRate(RESERVE);
  private readonly refusals = new HeldRefusals();
  private callMs = TURN_MS / IN_TURN.first;
  private begunAt = 0;
  private begun = 0;
  private isTurning = false;

  constructor(private readonly log: Pick<LimitedLog, 'warn'>) {}

  /** Of the calls of the module, once it is known who calls. */
  attach(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, _reply, done) => {
      if (ruleOfRoute(request) && isNoProbe(request)) this.enter(identityOf(request)?.principal ?? ANONYMOUS, done);
      else done();
    });
  }

  /** Refuses at once what is refused. */
  end(): void {
    this.refusals.end();
  }

  /** Has a call begin when it is its turn, or be refused. */
  enter({ tenant, id }: Pick<Principal, 'tenant' | 'id'>, begin: Call['begin']): void {
    if (!this.isTurning) this.turnSoon(performance.now());
    if (this.lines.size === 0 && this.begun < this.room) {
      this.begun += 1;
      begin();
      return;
    }
    const cameAt = performance.now();
    const line = this.lines.get(tenant) ?? new Line(cameAt);
    this.lines.set(tenant, line);
    const name = `${tenant} ${id}`;
    const isModest = id !== ANONYMOUS.id && this.modest.waitFor(name, cameAt) === 0;
    this.modest.charge(name, 1, cameAt);
    line[isModest ? 'modest' : 'others'].push({ cameAt, begin });
  }

  /** How many begin in this turn. */
  private get room(): number {
    return Math.max(IN_TURN.least, Math.min(IN_TURN.most, TURN_MS / this.callMs));
  }

  private turnSoon(now: number): void {
    this.isTurning = true;
    this.begunAt = now;
    this.begun = 0;
    setImmediate(() => this.turn());
  }

  /** With what those of the turn before have cost, from the first of them until now, all that they have led to included. */
  private turn(): void {
    const now = performance.now();
    if (this.begun >= IN_TURN.least) {
      this.callMs += NEWEST_SHARE * ((now - this.begunAt) / this.begun - this.callMs);
    }
    this.isTurning = false;
    if (this.lines.size === 0) return;
    this.turnSoon(now);
    for (const { room } = this; this.begun < room && this.lines.size > 0; this.begun += 1) this.next(now)?.begin();
  }

  /** Of the tenant whose turn it is. What is refused on the way takes no place. */
  private next(now: number): Call | undefined {
    for (const [tenant, line] of this.lines) {
      // its next turn is after those of all others
      this.lines.delete(tenant);
      const call = line.modest.shift() ?? this.inTime(line, now);
      if (line.modest.length + line.others.length > 0) this.lines.set(tenant, line);
      if (call) return call;
    }
    return undefined;
  }

  private inTime(line: Line, now: number): Call | undefined {
    for (let call = line.others.shift(); call; call = line.others.shift()) {
      const waitedMs = now - call.cameAt;
      if (waitedMs < SHORT_MS) line.shortAt = now;
      const isMany = line.others.length >= IN_TURN.most;
      if (waitedMs < LATE_MS || !isMany || now - line.shortAt < STANDING_AFTER_MS) return call;
      this.refuse(call);
    }
    return undefined;
  }

  private refuse({ begin }: Call): void {
    const why = 'more calls come than can be answered in time';
    this.log.warn('calls', `503: a call was refused: ${why} of its tenant`);
    const refusal = new AtomeError('unavailable', `${why}; send fewer at once, and try again`, {
      retryAfter: RETRY_MS,
    });
    this.refusals.told(refusal).catch(begin);
  }
}
