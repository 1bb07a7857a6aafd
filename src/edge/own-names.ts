import { createHash } from 'node:crypto';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import type { AlterationBody } from '../protocol/index.js';
import type { Outbox } from './outbox.js';

/** What upstream knows the writes of this server by. */
export class OwnNames {
  /** Identity of the own ledger. */
  epoch = '';
  /** Who we are upstream. */
  principal = '';

  constructor(private readonly outbox: Outbox) {}

  /** An opId is its author's own, and all that goes up has one author there: those of others get names of their own. */
  opIdOf(write: AlterationBody): string {
    const { opId, author } = write;
    if (opId !== null && (author === this.principal || author === ANONYMOUS.id)) return opId;
    return this.nameOf(write);
  }

  /** The seq here of the write that has this opId upstream; undefined where it is none of ours. */
  seqOf(opId: string, atomeId: string): number | undefined {
    const prefix = `edge:${this.epoch}:`;
    if (!opId.startsWith(prefix)) return this.outbox.seqOf(opId, atomeId);
    const write = this.outbox.at(Number.parseInt(opId.slice(prefix.length), 10));
    return write && this.nameOf(write) === opId ? write.seq : undefined;
  }

  /** A ledger that was brought back from a backup gives the same seq again, to another write. */
  private nameOf({ seq, author, opId, atomeId, operation, hlc }: AlterationBody): string {
    const what = JSON.stringify([author, opId, atomeId, operation, hlc]);
    return `edge:${this.epoch}:${seq}:${createHash('sha256').update(what).digest('hex').slice(0, 16)}`;
  }
}
