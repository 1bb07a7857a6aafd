/** Kinds that are counted by themselves: the head is read and written with each group. */
const MAX_KINDS = 64;
/** The name under which the others are counted: no kind is called so. */
const OTHERS = '';

type Entry = [kind: string, living: number, deleted: number];

/** A server of an earlier version, which counts no kinds, may have written beside this one. */
const isCount = (count: unknown): boolean => Number.isSafeInteger(count) && Number(count) >= 0;

/** How many atomes a ledger has of each kind, deleted ones apart; a column of its head, so that no write pays for it. */
export class KindTotals {
  private readonly byKind: Map<string, Entry>;

  constructor(text: string) {
    this.byKind = new Map((JSON.parse(text) as Entry[]).map((entry) => [entry[0], entry]));
  }

  get text(): string {
    return JSON.stringify([...this.byKind.values()]);
  }

  get isEmpty(): boolean {
    return this.byKind.size === 0;
  }

  add(kind: string, isDeleted: boolean, count: number): void {
    const name = this.nameOf(kind);
    const entry = this.byKind.get(name) ?? [name, 0, 0];
    entry[isDeleted ? 2 : 1] += count;
    if (entry[1] === 0 && entry[2] === 0) this.byKind.delete(name);
    else this.byKind.set(name, entry);
  }

  /** How many there are, of all kinds or of one; undefined where it is counted among others, or wrongly. */
  of(kind: string | undefined, includeDeleted: boolean): number | undefined {
    if (kind !== undefined && this.nameOf(kind) === OTHERS) return undefined;
    const entries = [...this.byKind.values()].filter(([name]) => kind === undefined || name === kind);
    if (!entries.every(([, living, deleted]) => isCount(living) && isCount(deleted))) return undefined;
    return entries.reduce((sum, [, living, deleted]) => sum + living + (includeDeleted ? deleted : 0), 0);
  }

  /** As long as there are others, a kind that is not here is one of them. */
  private nameOf(kind: string): string {
    if (this.byKind.has(kind)) return kind;
    return this.byKind.has(OTHERS) || this.byKind.size >= MAX_KINDS ? OTHERS : kind;
  }
}
