import {
  effectiveAccess,
  equalJson,
  readersOf,
  type Access,
  type AlterationBody,
  type Audience,
  type Atome,
  type AtomeHeader,
  type JudgedHeader,
  type Rights,
} from '../protocol/index.js';
import { inheritedNow, parseAncestors } from './ancestors.js';
import type { AtomeRow, AtomeHeaderRow } from './rows.js';

/* An atome's rights as its row keeps them. A row of an atome that was always open to all of its tenant keeps nothing. */

type AccessColumns = Pick<AtomeRow, 'access' | 'readers' | 'heirOf'>;

/** More names or kinds than this count as all there are, so that an atome that is shared forever does not grow. */
const MAX_REMEMBERED = 1_000;
const ALL = ['*'];

/** An audience with those who may see the atome as it is now. */
export function widenAudience(before: Audience | undefined, atome: Atome): Audience {
  return {
    names: union(before?.names ?? [], readersOf(atome) ?? ALL),
    kinds: union(before?.kinds ?? [], [atome.kind]),
  };
}

/** The audience after an alteration: a `redact` tells it, as what was before can no longer be read. */
export function audienceAfter(before: Audience | undefined, alteration: AlterationBody, atome: Atome): Audience {
  if (alteration.operation !== 'redact') return widenAudience(before, atome);
  return alteration.changes.audience ?? { names: ALL, kinds: [atome.kind] };
}

function union(before: readonly string[], more: readonly string[]): readonly string[] {
  if (before.includes('*')) return before;
  if (more.every((each) => before.includes(each))) return before;
  const all = [...new Set([...before, ...more])];
  return all.includes('*') || all.length > MAX_REMEMBERED ? ALL : all;
}

/** What the row of an atome says of its rights. */
export function accessColumns(atome: Atome, { names, kinds }: Audience): AccessColumns {
  const { access, inherited, parentId } = atome;
  const isPlain = access === undefined && equalJson(names, ALL) && kinds.length === 1;
  const readers = readersOf(atome);
  return {
    access: isPlain ? null : JSON.stringify({ access, inherited, names, kinds }),
    readers: readers ? `\n${readers.join('\n')}\n` : null,
    heirOf: access === 'inherit' ? parentId : null,
  };
}

/** The header that a row keeps of its atome, and who could ever see it. */
export function keptHeaderOf(row: AtomeHeaderRow): AtomeHeader & { audience: Audience } {
  const { id, kind, type, parentId, ownerId } = row;
  return { id, kind, type, parentId, ownerId, ...rightsAndAudienceOf(row) };
}

/** The header of a row's atome as it is to be judged, and who could ever see it. */
export function headerAndAudienceOf(row: AtomeHeaderRow): JudgedHeader & { audience: Audience } {
  const header = keptHeaderOf(row);
  if (row.ancestors == null || header.access !== 'inherit') return header;
  const ancestors = parseAncestors(row.ancestors);
  return judgedBy(
    header,
    inheritedNow(header.parentId, (id) => ancestors.get(id)),
  );
}

/** A header that inherits, with what that comes to by now where it differs. */
export function judgedBy<Header extends AtomeHeader>(header: Header, now: Access): Header & JudgedHeader {
  return equalJson(now, effectiveAccess(header)) ? header : { ...header, inheritedNow: now };
}

/** The header of a row's atome as it is to be judged. */
export function headerOf(row: AtomeHeaderRow): JudgedHeader {
  const { audience: _audience, ...header } = headerAndAudienceOf(row);
  return header;
}

/** The rights that a row tells, and who could ever see its atome. */
export function rightsAndAudienceOf({
  access,
  kind,
}: Pick<AtomeRow, 'access' | 'kind'>): Rights & { audience: Audience } {
  if (access === null) return { audience: { names: ALL, kinds: [kind] } };
  const { names, kinds, ...rights } = JSON.parse(access) as Rights & Audience;
  return { ...rights, audience: { names, kinds } };
}
