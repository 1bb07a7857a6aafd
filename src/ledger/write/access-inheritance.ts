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
  type JudgedHeader,
  type Principal,
  type ReadyMutation,
  type Rights,
} from '../../protocol/index.js';
import { MAX_INHERITANCE_DEPTH, type Ancestor } from '../ancestors.js';
import { MAX_DESCENDANTS, MAX_DESCENDANTS_OF_ONE } from '../store.js';

/** Most characters of access that a change which gives rights may make of copies: each descendant keeps one. */
const MAX_INHERITED_CHARS = 2 * 1024 * 1024;

/** The atomes that a group works on: those that it has read, as its earlier writes have left them. */
export interface InheritanceGraph {
  /** As the ledger keeps it. */
  keptHeader(id: string): AtomeHeader | undefined;
  /** As it is to be judged. */
  header(id: string): JudgedHeader | undefined;
  /** Any header as it is to be judged. */
  judged(header: AtomeHeader): JudgedHeader;
  ancestor(id: string): Ancestor | undefined;
  /** Lets pass when a parent has been read. */
  requireParent(id: string): void;
  /** How many inherit where one adopts another, or from one that changes; of one owner, or of all. */
  countDescendants(of: { readonly adopter?: string; readonly changed?: string }, ownerId?: string): number;
  /** Lets pass when what is counted is of one write alone. */
  requireAlone(): void;
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
      const descendant = { id: mutation.atomeId, ownerId: by.id };
      const inherited = access === 'inherit' && this.inheritFrom(parentId, descendant, by);
      return { ...mutation, changes: { ...mutation.changes, access, ...(inherited && { inherited }) } };
    }
    if (mutation.operation !== 'share' || !target || mutation.changes.access !== 'inherit') return mutation;
    if (target.access === 'inherit')
      return { ...mutation, changes: { access: 'inherit', inherited: effectiveAccess(target) } };
    if (target.parentId !== null) this.graph.requireParent(target.parentId);
    return { ...mutation, changes: { access: 'inherit', inherited: this.inheritFrom(target.parentId, target, by) } };
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
    const inherited = this.inheritFrom(parentId, target, by);
    const before = this.graph.header(target.id)!;
    const after = this.graph.judged({ ...before, parentId, inherited });
    if (!sameRights(rightsNow(before), rightsNow(after)) && !this.rules.isAllowed(by, 'share', before)) {
      const text = `the atome "${target.id}" inherits who sees it: only its owner and admins may move it to where others do`;
      throw new AtomeError('forbidden', text);
    }
    if (sameRights(target, { access: 'inherit', inherited })) return mutation;
    return { ...mutation, changes: { ...mutation.changes, inherited } } as ReadyMutation;
  }

  /** What a parent passes on, as it is kept there: what it has not been told yet itself, its children are told after it. */
  private inheritFrom(parentId: string | null, descendant: Pick<AtomeHeader, 'id' | 'ownerId'>, by: Principal): Access {
    if (parentId === null) {
      const message = 'cannot be "inherit" without a parentId; name the parent, or give the atome an access of its own';
      throw invalid([{ path: 'access', message }]);
    }
    const parent = this.graph.header(parentId);
    if (!parent || !this.rules.isAllowed(by, 'read', parent)) {
      throw new AtomeError('not_found', `there is no atome "${parentId}"; nothing can be inherited from it`);
    }
    if (!this.rules.isAllowed(by, 'write', parent)) {
      const text = `you may see the atome "${parentId}", but not write it: only who may write an atome may have others inherit from it`;
      throw new AtomeError('forbidden', text);
    }
    this.assertRoom(parentId, this.topAbove(parentId, descendant.id), descendant.ownerId);
    const inherited = inheritedFrom(this.graph.keptHeader(parentId)!);
    this.assertCharsFit(parentId, this.graph.countDescendants({ adopter: parentId }) + 1, inherited);
    return inherited;
  }

  /** Bounded for each tree and, that one who may write cannot take all the room, for each principal who does not own it. */
  private assertRoom(adopter: string, top: Ancestor | undefined, ownerId: string): void {
    if (this.graph.countDescendants({ adopter }) >= MAX_DESCENDANTS) {
      this.graph.requireAlone();
      const text = `${MAX_DESCENDANTS} atomes inherit from "${adopter}" or with it; give the new one an access of its own`;
      throw new AtomeError('too_large', text);
    }
    if (ownerId === top?.ownerId || this.graph.countDescendants({ adopter }, ownerId) < MAX_DESCENDANTS_OF_ONE) return;
    this.graph.requireAlone();
    const text = `${MAX_DESCENDANTS_OF_ONE} atomes of one owner inherit from "${adopter}" or with it, whose access is another's; give the new one an access of its own`;
    throw new AtomeError('too_large', text);
  }

  /** The atome whose access a parent has, itself perhaps. @throws AtomeError `invalid` where an atome is among those above itself. */
  private topAbove(parentId: string, id: string): Ancestor | undefined {
    let above = parentId;
    for (let depth = 0; depth < MAX_INHERITANCE_DEPTH; depth += 1) {
      if (above === id) {
        throw invalid([{ path: 'parentId', message: 'must not be the atome itself, or one that inherits from it' }]);
      }
      const ancestor = this.graph.ancestor(above);
      if (ancestor?.access !== 'inherit' || ancestor.parentId === null) return ancestor;
      above = ancestor.parentId;
    }
    const text = `"${parentId}" inherits through more than ${MAX_INHERITANCE_DEPTH} atomes above it; name one further up`;
    throw new AtomeError('too_large', text);
  }

  /**
   * Each descendant keeps a copy of what it inherits. A right is taken away however many they are.
   * @throws AtomeError `too_large` when the descendants, or the copies of an access that gives rights, are too many.
   */
  assertCopiesFit(before: AtomeState, after: AtomeState): void {
    const [old, now] = [this.graph.judged(before), this.graph.judged(after)];
    if (narrows(rightsNow(old), rightsNow(now))) return;
    const count = this.graph.countDescendants({ changed: after.id });
    if (count > MAX_DESCENDANTS) {
      this.graph.requireAlone();
      const text = `more than ${MAX_DESCENDANTS} atomes inherit from "${after.id}"; give some of them an access of their own first`;
      throw new AtomeError('too_large', text);
    }
    this.assertCharsFit(after.id, count, inheritedFrom(after));
  }

  private assertCharsFit(id: string, descendants: number, inherited: Access): void {
    if (descendants * JSON.stringify(inherited).length <= MAX_INHERITED_CHARS) return;
    this.graph.requireAlone();
    const text = `${descendants} atomes inherit from "${id}", and its access is too long for that many copies; name a group instead of its members`;
    throw new AtomeError('too_large', text);
  }
}

/** The rights that are to be judged by, once what is kept has followed. */
export function rightsNow({ access, inherited, inheritedNow = inherited }: JudgedHeader): Rights {
  return access === 'inherit' ? { access, inherited: inheritedNow ?? 'private' } : { ...(access && { access }) };
}

/** Whether nobody may do more with an atome than before. */
export function narrows(before: Rights, after: Rights): boolean {
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
  before: AtomeHeader | undefined,
  after: AtomeHeader,
): void {
  const isNew = before?.kind !== after.kind || before.type !== after.type || before.parentId !== after.parentId;
  if (!isNew || rules.isAllowed(by, 'write', after)) return;
  if (before) assertAllowed(rules, by, 'read', before);
  throw new AtomeError('forbidden', `you may not write a "${after.kind}" there; ask for the right to its kind`);
}
