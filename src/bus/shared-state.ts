import type { MemoryHolder } from '../auth/admission/memory-budget.js';
import type { JsonValue } from '../protocol/index.js';

/** How often what has changed is told, in milliseconds: what is said in between replaces what was said before. */
const TELL_MS = 100;
/** All that there is is told no more often, in milliseconds; nor asked for. */
const WHOLE_MS = 1_000;

/** A value under a key; null takes it back. */
export type StateEntry = readonly [key: string, value: JsonValue];

/** What a node tells of itself, each time under the next revision. */
export interface StateChange {
  readonly revision: number;
  /** The first, or the last, of those that tell all there is. */
  readonly whole?: 'first' | 'last' | 'both';
  readonly entries: readonly StateEntry[];
}

/** How what is told goes out. */
export interface StateTransport {
  /** How many bytes of JSON one change may have. */
  readonly maxBytes: number;
  tell(change: StateChange): void;
  /** Asks a node for all that it tells. */
  request(node: string): void;
}

/** Is told of what others say; null for what they take back, or what has gone with them. */
export type StateListener = (node: string, key: string, value: JsonValue) => void;

interface OtherNode {
  /** Of what was heard last; undefined where something was missed. */
  revision: number | undefined;
  readonly values: Map<string, { readonly value: JsonValue; readonly bytes: number }>;
  /** Keys that have not been told again while all is told. */
  stale: Set<string> | undefined;
}

/**
 * What each node tells of itself, such as who is connected to it, for as long as it is there. Nobody depends on it: what is
 * lost on the way is noticed by its revision, and asked for again.
 */
export class SharedState implements MemoryHolder {
  readonly name = 'what other servers tell of themselves';
  private held = 0;
  private readonly own = new Map<string, JsonValue>();
  private readonly changed = new Set<string>();
  private readonly others = new Map<string, OtherNode>();
  private readonly listeners: StateListener[] = [];
  private transport: StateTransport | undefined;
  private timer: NodeJS.Timeout | undefined;
  private told = 0;
  private toldWholeAt = -Infinity;
  private requestedAt = -Infinity;

  /** Of what was told last. */
  get revision(): number {
    return this.told;
  }

  get bytes(): number {
    return this.held;
  }

  /** @param transport undefined while there is nobody to tell. */
  use(transport: StateTransport | undefined): void {
    this.transport = transport;
  }

  onChange(listener: StateListener): void {
    this.listeners.push(listener);
  }

  /** Tells the others, soon. One that is too long for a message is kept from them. @param value null takes it back. */
  set(key: string, value: JsonValue): void {
    if (value === null && !this.own.has(key)) return;
    if (value === null) this.own.delete(key);
    else this.own.set(key, value);
    this.changed.add(key);
    this.timer ??= setTimeout(() => this.tellChanges(), TELL_MS).unref();
  }

  /** What the others say under a key. */
  *valuesOf(key: string): Generator<JsonValue> {
    for (const { values } of this.others.values()) {
      const kept = values.get(key);
      if (kept) yield kept.value;
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** A node is there, and has told so much. */
  alive(node: string, revision: number): void {
    const other = this.others.get(node);
    const known = other ? other.revision : 0;
    if (revision === known || performance.now() - this.requestedAt < WHOLE_MS) return;
    this.requestedAt = performance.now();
    this.transport?.request(node);
  }

  /** A node has told something of itself. */
  heard(node: string, { revision, whole, entries }: StateChange): void {
    const other: OtherNode = this.others.get(node) ?? { revision: 0, values: new Map(), stale: undefined };
    this.others.set(node, other);
    const isFirst = whole === 'first' || whole === 'both';
    if (!isFirst && other.revision !== revision - 1) {
      other.revision = undefined; // something is missing: the next sign of life has it asked for
      return;
    }
    other.revision = revision;
    if (isFirst) other.stale = new Set(other.values.keys());
    for (const [key, value] of entries) {
      other.stale?.delete(key);
      this.keep(node, other, key, value);
    }
    if (whole !== 'last' && whole !== 'both') return;
    for (const key of other.stale ?? []) this.keep(node, other, key, null);
    other.stale = undefined;
  }

  /** A node has gone, and with it all that it told. */
  forget(node: string): void {
    const other = this.others.get(node);
    if (!other) return;
    this.others.delete(node);
    for (const key of [...other.values.keys()]) this.keep(node, other, key, null);
  }

  /** Tells all there is, to whoever has missed some of it. */
  tellWhole(): void {
    if (performance.now() - this.toldWholeAt < WHOLE_MS) return;
    this.toldWholeAt = performance.now();
    this.changed.clear();
    const parts = this.partsOf([...this.own]);
    parts.forEach((entries, index) => {
      const [isFirst, isLast] = [index === 0, index === parts.length - 1];
      const whole = isFirst && isLast ? 'both' : isFirst ? 'first' : isLast ? 'last' : undefined;
      this.tell({ entries, ...(whole && { whole }) });
    });
  }

  private tellChanges(): void {
    this.timer = undefined;
    const entries = [...this.changed].map((key): StateEntry => [key, this.own.get(key) ?? null]);
    this.changed.clear();
    if (entries.length > 0) for (const part of this.partsOf(entries)) this.tell({ entries: part });
  }

  private tell(change: Omit<StateChange, 'revision'>): void {
    this.told += 1;
    this.transport?.tell({ revision: this.told, ...change });
  }

  /** At least one. */
  private partsOf(entries: readonly StateEntry[]): StateEntry[][] {
    const most = (this.transport?.maxBytes ?? 0) - 100;
    let part: StateEntry[] = [];
    const parts = [part];
    let used = 0;
    for (const entry of entries) {
      const bytes = bytesOf(entry);
      if (bytes > most) continue;
      if (used + bytes > most) {
        parts.push((part = []));
        used = 0;
      }
      part.push(entry);
      used += bytes;
    }
    return parts;
  }

  private keep(node: string, { values }: OtherNode, key: string, value: JsonValue): void {
    const kept = values.get(key);
    // all that there is may be told again
    if (JSON.stringify(kept?.value ?? null) === JSON.stringify(value)) return;
    const bytes = value === null ? 0 : bytesOf([key, value]);
    this.held += bytes - (kept?.bytes ?? 0);
    if (value === null) values.delete(key);
    else values.set(key, { value, bytes });
    for (const listener of this.listeners) listener(node, key, value);
  }
}

/** With the comma behind it. */
function bytesOf(entry: StateEntry): number {
  return Buffer.byteLength(JSON.stringify(entry)) + 1;
}
