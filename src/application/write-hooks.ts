import { HttpException } from '@nestjs/common';
import { toAtomeError } from '../http/problem.js';
import type { AddedWrite, BeforeWrite, HookResult, WriteHookContext } from '../kinds/kind-options.js';
import type { KindRegistry } from '../kinds/kind-registry.js';
import { atomeOf } from '../ledger/row-mapper.js';
import type { PreparedMutation } from '../ledger/write/prepared-mutation.js';
import { undecidable } from '../ledger/write/undecidable.js';
import {
  AtomeError,
  OPERATION_TRAITS,
  equalJson,
  isObject,
  parseMutate,
  type Atome,
  type Limits,
  type Mutation,
  type Principal,
} from '../protocol/index.js';
import type { AtomeQueries } from './atome-queries.js';

/** Most writes that one hook adds. */
const MAX_ADDED = 100;

/** A write as it goes to the ledger, and what the application adds to it. */
export interface PreparedWrite {
  readonly write: PreparedMutation;
  readonly added: readonly PreparedMutation[];
}

/** Nobody is kept from saying who sees an atome, or from erasing it. */
export function isShown({ operation }: Mutation): boolean {
  return OPERATION_TRAITS[operation].right !== 'share';
}

/** Shows writes to the application, before anybody decides them. */
export class WriteHooks {
  constructor(
    private readonly kinds: KindRegistry,
    private readonly queries: Pick<AtomeQueries, 'find' | 'get' | 'kindOf' | 'list'>,
    private readonly limits: Limits,
    /** How long a write may take to be prepared, in milliseconds: the application may never answer. */
    readonly prepareMs = 10_000,
  ) {}

  /**
   * A write that the application refuses is one that says so: only the ledger knows whether it is a repetition.
   * @param knownKind that of the atome, where an earlier one of the same writes makes it.
   */
  async prepare(asked: Mutation, principal: Principal, knownKind?: string): Promise<PreparedWrite> {
    const { operation, atomeId, changes } = asked;
    if (!isShown(asked)) return { write: asked, added: [] };
    const isNew = operation === 'create';
    const kind = isNew ? changes.kind : (knownKind ?? (await this.queries.kindOf(atomeId, principal)));
    if (kind === undefined) return { write: { ...asked, preparedFor: { kind: null } }, added: [] };
    const kinds = new Set([kind, (await this.nextKind(asked, principal)) ?? kind]);
    const hooks = [...kinds].map((each) => this.kinds.hookOf(each)).filter((hook) => hook !== undefined);
    const completed = this.kinds.complete(asked);
    if (hooks.length === 0) {
      return { write: isNew ? completed : { ...completed, preparedFor: { kind } }, added: [] };
    }
    const atome = (await this.queries.find(atomeId, principal)) ?? null;
    const preparedFor = { kind: isNew ? (atome?.kind ?? null) : kind, version: atome?.version ?? null };
    try {
      const { mutation, added } = await this.ask(hooks, completed, this.contextOf(principal, atome));
      const isSame = equalJson(mutation.changes, changes);
      return { write: { ...(isSame ? asked : { ...mutation, asked }), preparedFor }, added };
    } catch (error) {
      return { write: { ...asked, refusal: refusalOf(error) }, added: [] };
    }
  }

  /** Of which kind a write makes the atome; undefined: as it is. */
  private async nextKind({ operation, changes, atomeId }: Mutation, principal: Principal): Promise<string | undefined> {
    if (operation === 'replace') return changes.kind;
    return operation === 'restore' ? this.queries.kindOf(atomeId, principal, changes.version) : undefined;
  }

  private contextOf(principal: Principal, atome: Atome | null): WriteHookContext {
    const { queries } = this;
    return {
      principal,
      atome,
      get: (id) => queries.get(id, undefined, principal),
      list: async (query) => (await queries.list(query, principal)).rows.map(atomeOf),
    };
  }

  private async ask(
    hooks: readonly BeforeWrite[],
    asked: Mutation,
    context: WriteHookContext,
  ): Promise<{ mutation: Mutation; added: PreparedMutation[] }> {
    let mutation = asked;
    const added: PreparedMutation[] = [];
    for (const hook of hooks) {
      const { operation, changes, atomeId, opId, reason } = structuredClone(mutation);
      const shown = { operation, changes, atomeId, opId, reason } as Parameters<BeforeWrite>[0];
      const result: unknown = await hook(shown, context);
      if (result === undefined || result === null) continue;
      try {
        const { changes: others, add = [] } = result as HookResult;
        if (others !== undefined) mutation = this.changed(mutation, others);
        if (add.length > MAX_ADDED) throw new Error(`at most ${MAX_ADDED} writes may be added`);
        added.push(...add.map((write) => this.addition(write)));
      } catch (error) {
        // whoever writes cannot help it
        throw new Error(`what beforeWrite() returns is not usable: ${(error as Error).message}`, { cause: error });
      }
    }
    return { mutation, added };
  }

  /** Read as what comes over the wire is: it will be kept, and sent. */
  private changed(mutation: Mutation, changes: unknown): Mutation {
    const { operation, atomeId } = mutation;
    const isWhole = operation === 'create' || operation === 'replace';
    if (isWhole && !isObject(changes)) throw new Error('changes must be an object');
    const { type: atomeType, ...parts } = isWhole ? (changes as Record<string, unknown>) : {};
    const said = isWhole ? { ...parts, ...(atomeType !== undefined && { atomeType }) } : { changes };
    const parsed = parseMutate({ opId: 'hook', operation, atomeId, ...said }, this.limits);
    const changed = { ...mutation, changes: parsed.changes } as Mutation;
    if (kindIn(changed) === kindIn(mutation)) return changed;
    throw new Error('the kind of the atome may not be changed');
  }

  private addition(write: AddedWrite): PreparedMutation {
    const parsed = parseMutate({ ...write, opId: 'hook' }, this.limits);
    return { ...this.kinds.complete({ ...parsed, opId: null }), isAdded: true };
  }
}

function kindIn({ operation, changes }: Mutation): string | undefined {
  return operation === 'create' || operation === 'replace' ? changes.kind : undefined;
}

/** A fault of the application's is not the user's: they may send the write again. */
function refusalOf(error: unknown): AtomeError {
  if (error instanceof AtomeError) return error;
  return error instanceof HttpException ? toAtomeError(error) : undecidable(error);
}
