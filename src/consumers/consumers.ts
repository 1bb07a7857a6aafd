import { Injectable } from '@nestjs/common';
import { AtomeError, KIND_PATTERN } from '../protocol/index.js';
import type { ConsumerRows, ConsumerStatus, DeadLetter, LetterChoice, LetterQuery } from './consumer-status.js';

/** The durable consumers of the application: how they stand, and what they have given up. */
@Injectable()
export class Consumers {
  constructor(
    private readonly rows: ConsumerRows,
    private readonly wake: (lane: { name: string; tenant: string }) => void,
  ) {}

  /** How each consumer stands in the ledger of a tenant. */
  list(tenant: string): Promise<ConsumerStatus[]> {
    return this.rows.list(tenant);
  }

  /** What a consumer has given up, in order of seq. @throws AtomeError `not_found` when there is no such consumer. */
  async deadLetters(name: string, query: LetterQuery): Promise<DeadLetter[]> {
    await this.requireKnown(name, query.tenant);
    return this.rows.deadLetters(name, query);
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

  private async decide(name: string, choice: LetterChoice, isSkipped: boolean): Promise<number> {
    const { tenant, seq } = choice;
    await this.requireKnown(name, tenant);
    const count = await this.rows.decide(name, choice, isSkipped);
    if (seq !== undefined && count === 0) {
      throw new AtomeError('not_found', `the consumer "${name}" has no dead letter of seq ${seq}`);
    }
    if (!isSkipped) this.wake({ name, tenant });
    return count;
  }

  private async requireKnown(name: string, tenant: string): Promise<void> {
    // what no consumer can be called, PostgreSQL may not even compare
    const isKnown = KIND_PATTERN.test(name) && (await this.rows.list(tenant, name)).length > 0;
    if (!isKnown) throw new AtomeError('not_found', `there is no consumer "${name}"`);
  }
}
