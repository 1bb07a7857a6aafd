import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AtomeError } from '../protocol/index.js';

/**
 * A call that has waited for so long is refused, where none has waited for less than `SHORT_MS` for some time, in milliseconds, and
 * more wait than begin in the largest turn: few callers bound themselves.
 */
export const LATE_MS = 100;
const SHORT_MS = 25;
export const STANDING_AFTER_MS = 500;
/** Without authentication all of them are one principal's, however many they are, and however little each of them asks. */
export const MANY = { known: 256, anonymous: 1_000 } as const;
/** One of those who ask for little has waited for too long: there are very many of them. */
export const MODEST_LATE_MS = 2_000;
/** How many of those begin for each one of the others. */
export const MODEST_FOR_ONE = 4;

export interface Call {
  readonly cameAt: number;
  readonly answer: ServerResponse;
  readonly begin: (refusal?: AtomeError) => void;
}

/** What comes of those that are not begun. */
export interface Passed {
  refuse(call: Call): void;
  drop(call: Call): void;
}

/** Whether nobody waits for an answer any more. One behind another on its connection says nothing when that closes. */
export function isGone(answer: ServerResponse): boolean {
  const { socket } = answer.req as { socket?: Socket };
  return answer.closed || socket?.destroyed === true;
}

/** The calls of a tenant that wait. */
export class WaitingCalls {
  /** Of those who ask for little, however much others of their tenant do: they may be about to take a right away. */
  private readonly modest: Call[] = [];
  private others: Call[] = [];
  private sinceOther = 0;
  private sweptAt = -Infinity;
  private readonly many: number;

  /** @param shortAt when nobody has waited for long. */
  constructor(
    private shortAt: number,
    isAnonymous: boolean,
  ) {
    this.many = isAnonymous ? MANY.anonymous : MANY.known;
  }

  get size(): number {
    return this.modest.length + this.others.length;
  }

  push(call: Call, isModest: boolean): void {
    (isModest ? this.modest : this.others).push(call);
  }

  /** The next one that is to begin, if any is. */
  next(now: number, passed: Passed): Call | undefined {
    while (this.size > 0) {
      const isModest = this.modest.length > 0 && (this.sinceOther < MODEST_FOR_ONE || this.others.length === 0);
      const call = (isModest ? this.modest : this.others).shift()!;
      if (isGone(call.answer)) passed.drop(call);
      else if (isModest ? now - call.cameAt >= MODEST_LATE_MS : this.isLate(call, now, passed)) passed.refuse(call);
      else {
        this.sinceOther = isModest ? this.sinceOther + 1 : 0;
        return call;
      }
    }
    return undefined;
  }

  private isLate({ cameAt }: Call, now: number, passed: Passed): boolean {
    const waitedMs = now - cameAt;
    if (waitedMs < SHORT_MS) this.shortAt = now;
    if (waitedMs < LATE_MS || now - this.shortAt < STANDING_AFTER_MS || this.others.length < this.many) return false;
    this.sweep(now, passed);
    return this.others.length >= this.many;
  }

  /** Those who have gone make it no longer. Once a turn is enough. */
  private sweep(now: number, passed: Passed): void {
    if (this.sweptAt === now) return;
    this.sweptAt = now;
    const { others } = this;
    this.others = others.filter(({ answer }) => !isGone(answer));
    if (this.others.length === others.length) return;
    for (const call of others) if (isGone(call.answer)) passed.drop(call);
  }
}
