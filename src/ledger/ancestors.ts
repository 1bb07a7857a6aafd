import { inheritedFrom, type Access, type AtomeHeader, type Rights } from '../protocol/index.js';

/*
 * The atomes above one that inherits. What it inherits is kept with it, and follows a change above it in steps; until
 * they are done it is asked of those above as well, up to the first that has an access of its own.
 */

/** What is known of an atome from which others inherit. */
export type Ancestor = Pick<AtomeHeader, 'parentId' | 'ownerId' | 'access'>;

/** How many atomes that inherit may stand above each other. */
export const MAX_INHERITANCE_DEPTH = 100;

/** How far up is looked: moves may have made a tree deeper. What stands below that is nobody's for as long as it is asked. */
export const MAX_ANCESTORS = 2 * MAX_INHERITANCE_DEPTH;

/** What the children of an atome inherit, whatever is kept with those between it and the access that it comes from. */
export function inheritedNow(parentId: string | null, find: (id: string) => Ancestor | undefined): Access {
  const path: Ancestor[] = [];
  for (let id = parentId; id !== null && path.length < MAX_ANCESTORS;) {
    const ancestor = find(id);
    if (!ancestor) return 'private';
    path.push(ancestor);
    if (ancestor.access !== 'inherit') return path.reduceRight(addOwner, inheritedFrom(ancestor));
    id = ancestor.parentId;
  }
  return 'private';
}

function addOwner(inherited: Access, { ownerId, access }: Ancestor): Access {
  return access === 'inherit' ? inheritedFrom({ access, inherited, ownerId }) : inherited;
}

const FIELDS = 4;

/** The ancestors in a text as `ancestorsOf` in the stores makes it: four lines for each. */
export function parseAncestors(text: string): Map<string, Ancestor> {
  const lines = text.split('\n');
  const ancestors = new Map<string, Ancestor>();
  for (let at = 0; at + FIELDS <= lines.length; at += FIELDS) {
    const [id, heirOf, ownerId, kept] = lines.slice(at, at + FIELDS) as [string, string, string, string];
    const { access }: Rights = heirOf === '' ? (JSON.parse(kept || '{}') as Rights) : { access: 'inherit' };
    ancestors.set(id, { parentId: heirOf || null, ownerId, ...(access && { access }) });
  }
  return ancestors;
}
