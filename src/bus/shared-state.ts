import type { MemoryHolder } from '../auth/admission/memory-budget.js';
import type { JsonValue } from '../protocol/index.js';

/** How often what has changed is told, in milliseconds: what is said in between replaces what was said before. */
const TELL_MS = 100;
/** All that there is is told no more often, in milliseconds; nor asked for. */
const WHOLE_MS = 1_000;
/** What an entry takes besides its texts, in bytes. */
const ENTRY_BYTES = 128;

/** The JSON text of a value under a key; null takes it back. */
export type StateEntry = readonly [key: string, text: string | null];

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
  /** Resolves when there is room for the next; never rejects. */
  tell(change: StateChange): Promise<void>;
  /** Asks a node for all that it tells. */
  request(node: string): void;
}

/** Is told of what others say; null for what they take back, or what has gone with them. */
export type StateListener = (node: string, key: string, value: JsonValue) => void;

interface OtherNode {
  /** Of what was heard last; undefined where something was missed. */
  revision: number | undefined;
  readonly texts: Map<string, string>;
  /** Keys that have not been told again while all is told. */
  stale: Set<string> | undefined;
  requestedAt: number;
}

/** What is still to be said of all there is. */
interface WholeTelling {
  readonly keys: readonly string[];
  /** How many of them have been told; undefined before the first part. */
  told: number | undefined;
}

/**
 * What each node tells of itself, such as who is connected to it, for as long as it is there. Nobody depends on it: what is
 * lost on the way is noticed by its revision, and asked for again.
 */
export class SharedState implements MemoryHolder {
  readonly name = 'what servers tell of themselves';
  private held = 0;
  private readonly own = new Map<string, string>();
  private readonly others = new Map<string, OtherNode>();
  private readonly listeners: StateListener[] = [];
  private readonly outgoing = { changed: new Set<string>(), isDue: false, isTelling: false, revision: 0 };
  private transport: StateTransport | undefined;
  private whole: WholeTelling | undefined;
  private toldWholeAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param hasRoom whether there is memory for more of what others say; without it that is forgotten.
   * @param isAlone there will be nobody to tell.
   */
  constructor(
    private readonly hasRoom: () => boolean,
    private readonly isAlone = false,
  ) {}

  /** Of what was told last. */
  get revision(): number {
    return this.outgoing.revision;
  }

  get bytes(): number {
    return this.held;
  }

  /** @param transport undefined while there is nobody to tell. */
  use(transport: StateTransport | undefined): void {
    this.transport = transport;
    // whoever has heard the first parts of a telling alone is to ask for all of it
    if (this.whole) this.outgoing.revision += 1;
    this.whole = undefined;
  }

  onChange(listener: StateListener): void {
    this.listeners.push(listener);
  }

  /** Tells the others, soon. One that is too long for a message is kept from them. @param value null takes it back. */
  set(key: string, value: JsonValue): void {
    if (this.isAlone) return;
    const { own, outgoing } = this;
    const before = own.get(key);
    const text = value === null ? undefined : JSON.stringify(value);
    if (text === before) return;
    if (text === undefined) own.delete(key);
    else own.set(key, text);
    this.held += bytesOf(key, text) - bytesOf(key, before);
    outgoing.changed.add(key);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      outgoing.isDue = true;
      void this.tell();
    }, TELL_MS).unref();
  }

  /** What the others say under a key. */
  *valuesOf(key: string): Generator<JsonValue> {
    for (const { texts } of this.others.values()) {
      const text = texts.get(key);
      if (text !== undefined) yield JSON.parse(text) as JsonValue;
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.use(undefined);
  }

  /** A node is there, and has told so much. */
  alive(node: string, revision: number): void {
    const other = this.other(node);
    if (revision === other.revision || performance.now() - other.requestedAt < WHOLE_MS) return;
    other.requestedAt = performance.now();
    this.transport?.request(node);
  }

  /** A node has told something of itself. */
  heard(node: string, { revision, whole, entries }: StateChange): void {
    const other = this.other(node);
    const isFirst = whole === 'first' || whole === 'both';
    if (!isFirst && other.revision !== revision - 1) {
      other.revision = undefined; // something is missing: the next sign of life has it asked for
      return;
    }
    other.revision = revision;
    if (isFirst) other.stale = new Set(other.texts.keys());
    for (const [key, text] of entries) {
      other.stale?.delete(key);
      this.keep(node, other, key, text === null || !this.hasRoom() ? undefined : text);
    }
    if (whole !== 'last' && whole !== 'both') return;
    for (const key of other.stale ?? []) this.keep(node, other, key, undefined);
    other.stale = undefined;
  }

  /** A node has gone, and with it all that it told. */
  forget(node: string): void {
    const other = this.others.get(node);
    if (!other) return;
    this.others.delete(node);
    for (const key of [...other.texts.keys()]) this.keep(node, other, key, undefined);
  }

  /** Tells all there is, to whoever has missed some of it. */
  tellWhole(): void {
    if (this.whole || performance.now() - this.toldWholeAt < WHOLE_MS) return;
    this.toldWholeAt = performance.now();
    this.whole = { keys: [...this.own.keys()], told: undefined };
    void this.tell();
  }

  private other(node: string): OtherNode {
    let other = this.others.get(node);
    if (!other) {
      other = { revision: 0, texts: new Map(), stale: undefined, requestedAt: -Infinity };
      this.others.set(node, other);
    }
    return other;
  }

  /** One message after the other: there may be much to say, and others want to be heard, too. */
  private async tell(): Promise<void> {
    const { outgoing } = this;
    if (outgoing.isTelling) return;
    outgoing.isTelling = true;
    for (let next = this.next(); next; next = this.next()) {
      outgoing.revision += 1;
      const told = this.transport?.tell({ revision: outgoing.revision, ...next });
      if (told) await told;
    }
    // in the same turn: what comes in between would wait
    outgoing.isTelling = false;
  }

  /** What is to be told next: changes that are due, then all there is, as it is by now. */
  private next(): Omit<StateChange, 'revision'> | undefined {
    const { outgoing, whole } = this;
    if (outgoing.isDue) {
      const changes = this.takeFrom(outgoing.changed);
      for (const [key] of changes) outgoing.changed.delete(key);
      outgoing.isDue = outgoing.changed.size > 0;
      if (changes.length > 0) return { entries: changes };
    }
    if (!whole) return undefined;
    const isFirst = whole.told === undefined;
    const entries = this.takeFrom(from(whole.keys, whole.told ?? 0));
    whole.told = (whole.told ?? 0) + entries.length;
    const isLast = whole.told === whole.keys.length;
    if (isLast) this.whole = undefined;
    const part = isFirst && isLast ? 'both' : isFirst ? 'first' : isLast ? 'last' : undefined;
    return { entries, ...(part && { whole: part }) };
  }

  /** As many as one message takes. */
  private takeFrom(keys: Iterable<string>): StateEntry[] {
    const most = (this.transport?.maxBytes ?? Infinity) - 200;
    const entries: StateEntry[] = [];
    let used = 0;
    for (const key of keys) {
      let entry: StateEntry = [key, this.own.get(key) ?? null];
      let bytes = Buffer.byteLength(JSON.stringify(entry)) + 1;
      // too long for any message: better nothing than what was there before
      if (bytes > most) {
        entry = [key, null];
        bytes = Buffer.byteLength(key) + 16;
      }
      if (used + bytes > most) break;
      used += bytes;
      entries.push(entry);
    }
    return entries;
  }

  private keep(node: string, { texts }: OtherNode, key: string, text: string | undefined): void {
    const before = texts.get(key);
    // all that there is may be told again
    if (text === before) return;
    this.held += bytesOf(key, text) - bytesOf(key, before);
    if (text === undefined) texts.delete(key);
    else texts.set(key, text);
    const value = text === undefined ? null : (JSON.parse(text) as JsonValue);
    for (const listener of this.listeners) listener(node, key, value);
  }
}

function* from(keys: readonly string[], first: number): Generator<string> {
  for (let index = first; index < keys.length; index += 1) yield keys[index]!;
}

function bytesOf(key: string, text: string | undefined): number {
  return text === undefined ? 0 : 2 * (key.length + text.length) + ENTRY_BYTES;
}
