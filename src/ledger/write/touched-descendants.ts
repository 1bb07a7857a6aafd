import type { AccessRules, AtomeAction, JudgedHeader, Mutation } from '../../protocol/index.js';
import { headerOf } from '../access-columns.js';
import type { AtomeHeaderRow } from '../rows.js';
import type { CountedDescendants } from '../store.js';
import { narrows, rightsNow } from './access-inheritance.js';
import type { WriteRequest } from './decide-write.js';

/*
 * Whose descendants the writes of a group need. Rights are asked first, of the headers alone: how long a refusal takes must
 * not tell how many inherit.
 */

/** The headers of the atomes that are there, decoded when they are asked for. */
class Headers {
  private readonly rows: ReadonlyMap<string, AtomeHeaderRow>;

  constructor(
    rows: readonly AtomeHeaderRow[],
    private readonly rules: AccessRules,
  ) {
    this.rows = new Map(rows.map((row) => [row.id, row]));
  }

  get(id: string): JudgedHeader | undefined {
    const row = this.rows.get(id);
    return row && headerOf(row);
  }

  /** The header of an atome with which the author of a write may do that. */
  allowed({ origin: { principal } }: WriteRequest, action: AtomeAction, id: string): JudgedHeader | undefined {
    const header = this.get(id);
    const isAllowed = (each: AtomeAction): boolean => this.rules.isAllowed(principal, each, header!);
    return header && isAllowed('read') && isAllowed(action) ? header : undefined;
  }
}

/** The parents from which atomes that are shared come to inherit, of those that are there. */
export function parentsAmong(
  requests: readonly WriteRequest[],
  rules: AccessRules,
  rows: readonly AtomeHeaderRow[],
): string[] {
  const headers = new Headers(rows, rules);
  const parents = requests.flatMap((request) => {
    const isShare = request.mutation.operation === 'share';
    return (isShare && inheritedParentOf(request, rules, headers)) || [];
  });
  return [...new Set(parents)];
}

/** Whose descendants count for what the writes do to the atomes that are there. */
export function countedAmong(
  requests: readonly WriteRequest[],
  rules: AccessRules,
  rows: readonly AtomeHeaderRow[],
): CountedDescendants {
  const headers = new Headers(rows, rules);
  const [adopters, changed] = [new Set<string>(), new Set<string>()];
  for (const request of requests) {
    const parentId = inheritedParentOf(request, rules, headers);
    if (parentId != null && headers.allowed(request, 'write', parentId)) adopters.add(parentId);
    if (givesRights(request, headers)) changed.add(request.mutation.atomeId);
  }
  return { adopters: [...adopters], changed: [...changed] };
}

/** Whether a write may let somebody see more of an atome that is there: to take rights away nothing is counted. */
function givesRights(request: WriteRequest, headers: Headers): boolean {
  const { mutation } = request;
  // who may not share it can only move it to where as many see it
  const header = headers.allowed(request, 'share', mutation.atomeId);
  if (!header) return false;
  if (mutation.operation !== 'share') return newParentOf(request, headers) != null;
  const { access } = mutation.changes;
  return access === 'inherit' ? header.access !== 'inherit' : !narrows(rightsNow(header), { access });
}

/** From which atome a write inherits; null or undefined when from none. */
function inheritedParentOf(request: WriteRequest, rules: AccessRules, headers: Headers): string | null | undefined {
  const { mutation } = request;
  if (mutation.operation === 'create') return inherits(mutation, rules) ? mutation.changes.parentId : null;
  if (mutation.operation !== 'share') return newParentOf(request, headers);
  if (mutation.changes.access !== 'inherit') return null;
  const header = headers.allowed(request, 'share', mutation.atomeId);
  return header?.access === 'inherit' ? null : header?.parentId;
}

/** Where a write moves an atome that inherits; null or undefined when it does not. */
function newParentOf(request: WriteRequest, headers: Headers): string | null | undefined {
  const { mutation, restored } = request;
  if (mutation.operation === 'create') return null;
  const parentId = parentAfter(mutation, restored);
  if (parentId == null) return null;
  const header = headers.allowed(request, 'write', mutation.atomeId);
  return header?.access === 'inherit' && header.parentId !== parentId ? parentId : null;
}

/** Whether a write asks for the access of the parent. */
export function inherits(mutation: Mutation, rules: AccessRules): boolean {
  if (mutation.operation === 'create') {
    const { access, kind } = mutation.changes;
    return (access ?? rules.defaultAccess(kind)) === 'inherit';
  }
  return mutation.operation === 'share' && mutation.changes.access === 'inherit';
}

/** The parent that a write gives; undefined when it leaves the atome where it is. */
export function parentAfter(mutation: Mutation, restored: WriteRequest['restored']): string | null | undefined {
  if (mutation.operation === 'create' || mutation.operation === 'replace') return mutation.changes.parentId;
  return restored && 'parentId' in restored ? restored.parentId : undefined;
}
