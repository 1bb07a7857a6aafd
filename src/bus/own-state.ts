import type { JsonValue } from '../protocol/index.js';
import { bytesOf, type StateChange, type StateEntry } from './state-changes.js';

/** How often what has changed is told, in milliseconds: what is said in between replaces what was said before. */
const TELL_MS = 100;
/** All that there is is told no more often, in milliseconds. */
const WHOLE_MS = 1_000;

/** How what is told goes out. */
export interface StateTransport {
  /** How many bytes of JSON one change may have. */
  readonly maxBytes: number;
  /** Resolves when there is room for the next; never rejects. */
  tell(change: StateChange): Promise<void>;
}

/** What is still to be said of all there is. */
interface WholeTelling {
  readonly keys: readonly string[];
  /** How many of them have been told; undefined before the first part. */
  told: number | undefined;
}

/** What this node tells of itself: what has changed, and all of it to whoever has missed some. */
export class OwnState {
  private readonly texts = new Map<string, string>();
  private readonly outgoing = { changed: new Set<string>(), isDue: false, isTelling: false, revision: 0 };
  private held = 0;
  private transport: StateTransport | undefined;
  private whole: WholeTelling | undefined;
  private toldWholeAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  /** @param isAlone there will be nobody to tell. */
  constructor(private readonly isAlone = false) {}

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

  /** Tells the others, soon. One that is too long for a message is kept from them. @param value null takes it back. */
  set(key: string, value: JsonValue): void {
    if (this.isAlone) return;
    const { texts, outgoing } = this;
    const before = texts.get(key);
    const text = value === null ? undefined : JSON.stringify(value);
    if (text === before) return;
    if (text === undefined) texts.delete(key);
    else texts.set(key, text);
    this.held += bytesOf(key, text) - bytesOf(key, before);
    outgoing.changed.add(key);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      outgoing.isDue = true;
      void this.tell();
    }, TELL_MS).unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.use(undefined);
  }

  /** Tells all there is, to whoever has missed some of it. */
  tellWhole(): void {
    if (this.whole || performance.now() - this.toldWholeAt < WHOLE_MS) return;
    this.toldWholeAt = performance.now();
    this.whole = { keys: [...this.texts.keys()], told: undefined };
    void this.tell();
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
      let entry: StateEntry = [key, this.texts.get(key) ?? null];
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
}

function* from(keys: readonly string[], first: number): Generator<string> {
  for (let index = first; index < keys.length; index += 1) yield keys[index]!;
}
