import {
  AtomeError,
  effectiveAccess,
  inheritedFrom,
  invalid,
  assertAllowed,
  sameRights,
  type Access,
  type AccessRules,
  type AtomeHeader,
  type AtomeState,
  type Principal,
  type ReadyMutation,
  type Rights,
} from '../../protocol/index.js';
import { MAX_DESCENDANTS } from '../store.js';

/** Most characters of access that one share propagates: each is in several columns of each descendant. */
const MAX_INHERITED_CHARS = 2 * 1024 * 1024;

/** The atomes that a group works on: those that it has read, as its earlier writes have left them. */
export interface InheritanceGraph {
  atome(id: string): { readonly header: AtomeHeader } | undefined;
  headers(): Iterable<AtomeHeader>;
  /** How many inherit from where more are about to. */
  readonly descendants: number;
  /** Lets pass when all that inherit from an atome are among them. */
  requireHeirs(id: string): void;
  /** Lets pass when those that inherit where it adopts one are among `descendants`. */
  requireCounted(id: string): void;
}

/** An atome whose inherited access changes, and to what. */
export interface InheritedAccess {
  readonly id: string;
  readonly inherited: Access;
}

/** Resolves inherited access when it is written, so that each atome's own alterations tell its rights. */
export class AccessInheritance {
  constructor(
    private readonly graph: InheritanceGraph,
    private readonly rules: AccessRules,
  ) {}

  /** A create or a share with the access that is meant, `inherit` resolved. */
  inheritAccess(mutation: ReadyMutation, target: AtomeState | undefined, by: Principal): ReadyMutation {
    if (mutation.operation === 'create') {
      const access = mutation.changes.access ?? this.rules.defaultAccess(mutation.changes.kind);
      if (access === undefined) return mutation;
      const { parentId } = mutation.changes;
      const inherited = access === 'inherit' && this.inheritFrom(mutation.atomeId, parentId, by);
      return { ...mutation, changes: { ...mutation.changes, access, ...(inherited && { inherited }) } };
    }
    if (mutation.operation !== 'share' || !target) return mutation;
    this.graph.requireHeirs(target.id);
    if (mutation.changes.access !== 'inherit') return mutation;
    if (target.access === 'inherit')
      return { ...mutation, changes: { access: 'inherit', inherited: effectiveAccess(target) } };
    return { ...mutation, changes: { access: 'inherit', inherited: this.inheritFrom(target.id, target.parentId, by) } };
  }

  /** A write that moves an atome that inherits, with what it comes to have in its new place. */
  inheritOnMove(
    mutation: ReadyMutation,
    target: AtomeState | undefined,
    lost: readonly string[],
    by: Principal,
  ): ReadyMutation {
    if (mutation.operation !== 'replace' && mutation.operation !== 'restore') return mutation;
    const { parentId } = mutation.changes;
    const moves = parentId !== undefined && parentId !== target?.parentId && !lost.includes('parentId');
    if (target?.access !== 'inherit' || !moves) return mutation;
    // it may be below the atome itself
    if (parentId !== null && this.header(parentId)?.access === 'inherit') this.graph.requireHeirs(target.id);
    const inherited = this.inheritFrom(target.id, parentId, by);
    if (sameRights(target, { access: 'inherit', inherited })) return mutation;
    if (!this.rules.isAllowed(by, 'share', target)) {
      const text = `the atome "${target.id}" inherits who sees it: only its owner and admins may move it to where others do`;
      throw new AtomeError('forbidden', text);
    }
    return { ...mutation, changes: { ...mutation.changes, inherited } } as ReadyMutation;
  }

  /** The descendants whose inherited access differs from the new one; parents before children. */
  *descendantsOf(id: string): Generator<InheritedAccess> {
    const children = this.children();
    const open = [id];
    for (let parentId = open.shift(); parentId !== undefined; parentId = open.shift()) {
      for (const child of children.get(parentId) ?? []) {
        // its parent has it by now: the caller writes each before it asks for the next
        const inherited = inheritedFrom(this.header(parentId)!);
        if (sameRights(this.header(child)!, { access: 'inherit', inherited })) continue;
        yield { id: child, inherited };
        open.push(child);
      }
    }
  }

  private inheritFrom(id: string, parentId: string | null, by: Principal): Access {
    if (parentId === null) {
      const message = 'cannot be "inherit" without a parentId; name the parent, or give the atome an access of its own';
      throw invalid([{ path: 'access', message }]);
    }
    const parent = this.header(parentId);
    if (!parent || !this.rules.isAllowed(by, 'read', parent)) {
      throw new AtomeError('not_found', `there is no atome "${parentId}"; nothing can be inherited from it`);
    }
    if (!this.rules.isAllowed(by, 'write', parent)) {
      const text = `you may see the atome "${parentId}", but not write it: only who may write an atome may have others inherit from it`;
      throw new AtomeError('forbidden', text);
    }
    this.graph.requireCounted(parentId);
    if (this.graph.descendants >= MAX_DESCENDANTS) {
      const text = `${MAX_DESCENDANTS} atomes inherit from "${parentId}" or with it; give the new one an access of its own`;
      throw new AtomeError('too_large', text);
    }
    if (parentId === id || this.isDescendant(parentId, id)) {
      throw invalid([{ path: 'parentId', message: 'must not be the atome itself, or one that inherits from it' }]);
    }
    const inherited = inheritedFrom(parent);
    assertCharsFit(parentId, this.graph.descendants + 1, inherited);
    return inherited;
  }

  private isDescendant(id: string, of: string): boolean {
    for (let header = this.header(id); header?.access === 'inherit';) {
      if (header.parentId === of) return true;
      header = header.parentId === null ? undefined : this.header(header.parentId);
    }
    return false;
  }

  private header(id: string): AtomeHeader | undefined {
    return this.graph.atome(id)?.header;
  }

  private children(): Map<string, string[]> {
    const children = new Map<string, string[]>();
    for (const { id, access, parentId } of this.graph.headers()) {
      if (access !== 'inherit' || parentId === null) continue;
      const siblings = children.get(parentId);
      if (siblings) siblings.push(id);
      else children.set(parentId, [id]);
    }
    return children;
  }

  /**
   * Each descendant keeps a copy of what it inherits. A right is taken away however many they are, as long as that makes
   * the copies no longer.
   * @throws AtomeError `too_large` when the descendants, or the copies of an access, are too many.
   */
  assertCopiesFit(before: AtomeState, after: AtomeState): void {
    this.graph.requireHeirs(after.id);
    if (effectiveAccess(after) === 'private') return;
    const children = this.children();
    const descendants = [...(children.get(after.id) ?? [])];
    // a list that grows while it is walked: all descendants
    for (const id of descendants) descendants.push(...(children.get(id) ?? []));
    const isNarrower = narrows(before, after);
    if (descendants.length > MAX_DESCENDANTS && !isNarrower) {
      const text = `more than ${MAX_DESCENDANTS} atomes inherit from "${after.id}"; give some of them an access of their own first`;
      throw new AtomeError('too_large', text);
    }
    const [old, now] = [inheritedFrom(before), inheritedFrom(after)];
    const isLonger = JSON.stringify(now).length > JSON.stringify(old).length;
    if (isLonger || !isNarrower) assertCharsFit(after.id, descendants.length, now);
  }
}

function assertCharsFit(id: string, descendants: number, inherited: Access): void {
  if (descendants * JSON.stringify(inherited).length <= MAX_INHERITED_CHARS) return;
  const text = `${descendants} atomes inherit from "${id}", and its access is too long for that many copies; name a group instead of its members`;
  throw new AtomeError('too_large', text);
}

/** Whether nobody may do more with an atome than before. */
function narrows(before: Rights, after: Rights): boolean {
  const [old, now] = [effectiveAccess(before), effectiveAccess(after)];
  if (now === 'private' || old === 'tenant') return true;
  if (now === 'tenant' || old === 'private') return false;
  const hasAll = (names: readonly string[], all: readonly string[]): boolean =>
    all.includes('*') || names.every((name) => all.includes(name));
  return hasAll(now.write, old.write) && hasAll(now.read, [...old.read, ...old.write]);
}

/** Whether somebody may leave an atome as a write would: also what it becomes must be something that they may write. */
export function assertResultAllowed(
  rules: AccessRules,
  by: Principal,
  before: AtomeState | undefined,
  after: AtomeState,
): void {
  const isNew = before?.kind !== after.kind || before.type !== after.type || before.parentId !== after.parentId;
  if (!isNew || rules.isAllowed(by, 'write', after)) return;
  if (before) assertAllowed(rules, by, 'read', before);
  throw new AtomeError('forbidden', `you may not write a "${after.kind}" there; ask for the right to its kind`);
}
