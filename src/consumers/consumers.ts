import { Injectable } from '@nestjs/common';
import { AtomeError } from '../protocol/index.js';
import type { ConsumerRunner } from './consumer.runner.js';
import type { ConsumerStatus, ConsumerStore, DeadLetter } from './consumer.store.js';

/** Which dead letters. */
export interface LetterQuery {
  /** Of whose ledger. */
  readonly tenant: string;
  /** Only those behind this seq. */
  readonly after?: number;
  /** At most so many; default 100. */
  readonly limit?: number;
}

/** Which dead letters are decided on. */
export interface LetterChoice {
  /** Of whose ledger. */
  readonly tenant: string;
  /** The one of this alteration; left out: all of the tenant's. */
  readonly seq?: number | undefined;
}

/** The durable consumers of the application: how they stand, and what they have given up. */
@Injectable()
export class Consumers {
  constructor(
    private readonly store: ConsumerStore,
    private readonly runner: Pick<ConsumerRunner, 'wake'>,
  ) {}

  /** How each consumer stands in the ledger of a tenant. */
  list(tenant: string): Promise<ConsumerStatus[]> {
    return this.store.list(tenant);
  }

  /** What a consumer has given up, in order of seq. @throws AtomeError `not_found` when there is no such consumer. */
  async deadLetters(name: string, { tenant, after = 0, limit = 100 }: LetterQuery): Promise<DeadLetter[]> {
    await this.requireKnown(name, tenant);
    return this.store.deadLetters(name, tenant, after, limit);
  }

  /**
   * Has dead letters tried once more, within a second or so. @returns how many.
   * @throws AtomeError `not_found` when there is no such consumer, or letter.
   */
  retry(name: string, choice: LetterChoice): Promise<number> {
    return this.decide(name, choice, false);
  }

  /**
   * Forgets dead letters: they are never handled. @returns how many.
   * @throws AtomeError `not_found` when there is no such consumer, or letter.
   */
  skip(name: string, choice: LetterChoice): Promise<number> {
    return this.decide(name, choice, true);
  }

  private async decide(name: string, { tenant, seq }: LetterChoice, isSkipped: boolean): Promise<number> {
    await this.requireKnown(name, tenant);
    const count = await this.store.decide(name, tenant, seq, isSkipped);
    if (seq !== undefined && count === 0) {
      throw new AtomeError('not_found', `the consumer "${name}" has no dead letter of seq ${seq}`);
    }
    if (!isSkipped) this.runner.wake(name, tenant);
    return count;
  }

  private async requireKnown(name: string, tenant: string): Promise<void> {
    const found = await this.store.list(tenant, name);
    if (found.length === 0) throw new AtomeError('not_found', `there is no consumer "${name}"`);
  }
}
