import type { DoneAnswer } from '../protocol/messages/answers.js';
import type { ConsumerStatus, DeadLetter } from './consumer-status.js';

/* What calls about durable consumers are answered. */

/** How all of them stand. */
export interface ConsumersAnswer extends DoneAnswer {
  readonly data: readonly ConsumerStatus[];
}

/** A page of dead letters. */
export interface DeadLettersAnswer extends DoneAnswer {
  readonly data: readonly DeadLetter[];
  /** Leads to the next page; null on the last. */
  readonly nextCursor: string | null;
}

/** How many it was. */
export interface CountAnswer extends DoneAnswer {
  readonly count: number;
}
