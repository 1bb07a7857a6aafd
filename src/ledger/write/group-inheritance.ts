import type { AtomeHeader, JudgedHeader } from '../../protocol/index.js';
import { judgedBy } from '../access-columns.js';
import { inheritedNow, parseAncestors, type Ancestor } from '../ancestors.js';
import { headerOfAtome, type Committed } from '../outcome.js';
import type { LockedState } from '../store.js';
import type { InheritanceGraph } from './access-inheritance.js';
import type { GroupState } from './group-state.js';
import { DecideApart } from './undecidable.js';

/** Who inherits from whom in a group, each write after those before it. */
export class GroupInheritance implements InheritanceGraph {
  /** What was read of the atomes above those of the group; undefined when they were not needed. */
  private readonly above: ReadonlyMap<string, Ancestor> | undefined;

  /** @param isAlone whether the group is one write. */
  constructor(
    private readonly before: LockedState,
    private readonly group: GroupState,
    private readonly isAlone: boolean,
  ) {
    this.above = aboveAll(before);
  }

  keptHeader(id: string): AtomeHeader | undefined {
    return this.group.atome(id)?.header;
  }

  header(id: string): JudgedHeader | undefined {
    const header = this.keptHeader(id);
    return header && this.judged(header);
  }

  judged(header: AtomeHeader): JudgedHeader {
    if (header.access !== 'inherit' || !this.above) return header;
    return judgedBy(
      headerOfAtome(header),
      inheritedNow(header.parentId, (id) => this.ancestor(id)),
    );
  }

  ancestor(id: string): Ancestor | undefined {
    return this.keptHeader(id) ?? this.above?.get(id);
  }

  requireParent(id: string): void {
    if (!this.before.parents?.includes(id) && this.group.atome(id) === undefined) throw new DecideApart();
  }

  countDescendants({ adopter, changed }: { adopter?: string; changed?: string }, ownerId?: string): number {
    const { counted, descendants } = this.before;
    if (adopter !== undefined) this.requireCounted(adopter, counted?.adopters);
    if (changed !== undefined) this.requireCounted(changed, counted?.changed);
    if (ownerId !== undefined) return (descendants?.get(ownerId) ?? 0) + this.group.inheriting;
    let count = this.group.inheriting;
    for (const each of descendants?.values() ?? []) count += each;
    return count;
  }

  requireAlone(): void {
    if (!this.isAlone) throw new DecideApart();
  }

  /** Of an atome that was there before the group: that its descendants have been counted, as somebody had the right to that. */
  private requireCounted(id: string, counted: readonly string[] | undefined): void {
    if (this.group.wasThere(id) && !counted?.includes(id)) throw new DecideApart();
  }

  /** What the group has committed, with how atomes that inherit are to be judged at its end. */
  committed(): readonly Committed[] {
    const { committed } = this.group;
    if (!this.above || committed.every(({ atome }) => atome.access !== 'inherit')) return committed;
    return committed.map((each) => {
      const current = this.header(each.atome.id)!;
      return current.inheritedNow === undefined ? each : { ...each, current };
    });
  }
}

/** The atomes above those that were read; undefined unless they were read of each that inherits. */
function aboveAll({ atomes }: LockedState): ReadonlyMap<string, Ancestor> | undefined {
  let above: Map<string, Ancestor> | undefined;
  for (const { heirOf, ancestors } of atomes) {
    if (heirOf === null) continue;
    if (ancestors == null) return undefined;
    above ??= new Map();
    for (const [id, ancestor] of parseAncestors(ancestors)) above.set(id, ancestor);
  }
  return above ?? NONE;
}

const NONE: ReadonlyMap<string, Ancestor> = new Map();
