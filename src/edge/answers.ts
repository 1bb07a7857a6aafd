import type { DoneAnswer } from '../protocol/messages/answers.js';
import type { EdgeStatus } from './edge-status.js';
import type { EdgeRefusal } from './edge.store.js';

/* What calls about the link to another server are answered. */

/** How far another server is followed, and which writes it has refused: one's own, or for admins everybody's. */
export interface EdgeAnswer extends DoneAnswer, EdgeStatus {
  readonly refused: readonly EdgeRefusal[];
}
