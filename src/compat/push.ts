import { Injectable } from '@nestjs/common';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { AtomeService } from '../atome/atome.service.js';
import type { WriteContext } from '../atome/write-calls.js';
import { ResolvedOptions } from '../config/module-options.js';
import { toAtomeError } from '../http/problem.js';
import { LedgerReads } from '../application/ledger-reads.js';
import { turn } from '../ledger/turns.js';
import {
  AtomeError,
  invalid,
  isObject,
  type AtomeState,
  type Issue,
  type JsonObject,
  type Mutation,
  type Principal,
} from '../protocol/index.js';
import { contentNames, retold } from './field-names.js';
import { isOld, pushedOf } from './pushed-atome.js';

/** An atome that was not taken, and why. */
export interface Conflict {
  readonly id: unknown;
  readonly code: string;
  readonly error: string;
}

/** What has come of the atomes that the original client carries from one server to the other. */
export interface PushAnswer {
  readonly synced: number;
  readonly syncedIds: readonly string[];
  readonly conflicts: readonly Conflict[];
  /** Those that were erased here for good: nothing that is pushed brings them back. */
  readonly erasedIds: readonly string[];
}

/** Takes whole atomes from another server: each is created, or replaces what is older here. */
@Injectable()
export class OriginalPush {
  constructor(
    private readonly atomes: AtomeService,
    private readonly reads: LedgerReads,
    private readonly accessPolicy: AccessPolicy,
    private readonly options: ResolvedOptions,
  ) {}

  /**
   * One after the other, because a parent comes before those that inherit from it.
   * @throws AtomeError when the server cannot take them just now: what was pushed may be pushed again.
   */
  async push(atomes: unknown, context: WriteContext & { readonly principal: Principal }): Promise<PushAnswer> {
    const syncedIds: string[] = [];
    const conflicts: Conflict[] = [];
    const erasedIds: string[] = [];
    for (const atome of this.checked(atomes)) {
      // what is old here is found to be so without a write that would wait
      await turn();
      try {
        syncedIds.push(await this.one(atome, context));
      } catch (error) {
        const { code, message, retryable, details } = toAtomeError(error);
        if (retryable || code === 'internal') throw error;
        const id = isObject(atome) && typeof atome.id === 'string' ? atome.id : null;
        if (id !== null && details?.redacted === true) erasedIds.push(id);
        else conflicts.push({ id, code, error: sentenceOf(atome, message, details) });
      }
    }
    return { synced: syncedIds.length, syncedIds, conflicts, erasedIds };
  }

  private checked(atomes: unknown): readonly unknown[] {
    const most = this.options.limits.pushOperations;
    if (!Array.isArray(atomes)) throw invalid([{ path: 'atomes', message: 'must be an array of atomes' }]);
    if (atomes.length <= most) return atomes;
    throw new AtomeError('too_large', `at most ${most} atomes are taken at once; send several pushes`);
  }

  private async one(input: unknown, context: WriteContext & { readonly principal: Principal }): Promise<string> {
    const { limits } = this.options;
    const pushed = pushedOf(input, context.principal, limits);
    const state = await this.find(pushed.id, context.principal);
    const write = async (mutation: Mutation): Promise<string> => {
      if (!state || !isOld(state, mutation, limits, this.reads.now)) await this.atomes.write(mutation, context);
      return pushed.id;
    };
    if (pushed.isDeleted) return state?.deletedAt === null ? write(pushed.delete()) : pushed.id;
    if (!state) return write(pushed.create());
    // without a time only its name tells whether it was here before
    if (!pushed.isTimed && (await this.wasCreated(pushed.create(), context))) return pushed.id;
    return write(pushed.replace());
  }

  private async wasCreated(create: Mutation, context: WriteContext): Promise<boolean> {
    try {
      await this.atomes.write(create, context);
      return true;
    } catch (error) {
      if (error instanceof AtomeError && error.code === 'exists') return false;
      throw error;
    }
  }

  /** undefined also for one that may not be read: the write is then refused as for an unknown id. */
  private async find(id: string, principal: Principal): Promise<AtomeState | undefined> {
    try {
      const reader = this.reads.readerOf(principal);
      return await reader.wholeState(id, (now) => this.accessPolicy.authorize(principal, 'read', now));
    } catch (error) {
      if (error instanceof AtomeError && error.code === 'not_found') return undefined;
      throw error;
    }
  }
}

/** What is wrong with a pushed atome, by the names that its fields have in it. */
function sentenceOf(atome: unknown, message: string, details: JsonObject | undefined): string {
  const errors = details?.errors as readonly Issue[] | undefined;
  return errors && isObject(atome) ? retold(message, errors, contentNames(atome)) : message;
}
