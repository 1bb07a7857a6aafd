import { Injectable } from '@nestjs/common';
import { AtomeService, type WriteResult } from '../atome/atome.service.js';
import type { ReplaceInput, WriteContext } from '../atome/write-calls.js';
import { ResolvedOptions } from '../config/module-options.js';
import { AtomeError, parseReplaceBody, type JsonObject } from '../protocol/index.js';

const MOST_TRIES = 5;

/** Sets some fields of an atome and leaves the others, which is what a PUT of the original client means by fields. */
@Injectable()
export class OriginalPut {
  constructor(
    private readonly atomes: AtomeService,
    private readonly options: ResolvedOptions,
  ) {}

  async merge(id: string, { data, reason, ...parts }: JsonObject, context: WriteContext): Promise<WriteResult> {
    const changes = data as JsonObject;
    const because = reason === undefined ? {} : { reason: reason as string };
    if (Object.keys(parts).length === 0) {
      return this.atomes.alter(id, { operation: 'update', changes, ...because }, context);
    }
    return this.mergeParts(id, { ...parts, ...because, data: changes }, context);
  }

  /** One alteration sets parts whole, `data` too: it is made of what is there, and made again when that has changed. */
  private async mergeParts(id: string, input: ReplaceInput, context: WriteContext): Promise<WriteResult> {
    for (let tries = 1; ; tries += 1) {
      const now = await this.atomes.get(id, undefined, context.principal);
      const body = { ...input, data: { ...now.data, ...input.data } };
      const mutation = parseReplaceBody(id, body, context, this.options.limits);
      const baseVersion = mutation.baseVersion ?? now.version;
      try {
        return await this.atomes.write({ ...mutation, baseVersion }, context);
      } catch (error) {
        const isLate = error instanceof AtomeError && error.code === 'conflict' && tries < MOST_TRIES;
        if (!isLate) throw error;
      }
    }
  }
}
