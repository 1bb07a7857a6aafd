import type { JsonValue } from '../protocol/index.js';
import { bytesOf, type StateChange } from './state-changes.js';

/** All that a node tells is asked for no more often, in milliseconds. */
const WHOLE_MS = 1_000;

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

/** What the other nodes tell of themselves. What is lost on the way is noticed by its revision. */
export class OthersState {
  private readonly nodes = new Map<string, OtherNode>();
  private readonly listeners: StateListener[] = [];
  private held = 0;

  /** @param hasRoom whether there is memory for more; without it what they say is forgotten. */
  constructor(private readonly hasRoom: () => boolean) {}

  get bytes(): number {
    return this.held;
  }

  onChange(listener: StateListener): void {
    this.listeners.push(listener);
  }

  /** What the others say under a key. */
  *valuesOf(key: string): Generator<JsonValue> {
    for (const { texts } of this.nodes.values()) {
      const text = texts.get(key);
      if (text !== undefined) yield JSON.parse(text) as JsonValue;
    }
  }

  /** A node is there, and has told so much. @returns whether it is to be asked for all that it tells. */
  alive(node: string, revision: number): boolean {
    const other = this.other(node);
    if (revision === other.revision || performance.now() - other.requestedAt < WHOLE_MS) return false;
    other.requestedAt = performance.now();
    return true;
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
    const other = this.nodes.get(node);
    if (!other) return;
    this.nodes.delete(node);
    for (const key of [...other.texts.keys()]) this.keep(node, other, key, undefined);
  }

  private other(node: string): OtherNode {
    let other = this.nodes.get(node);
    if (!other) {
      other = { revision: 0, texts: new Map(), stale: undefined, requestedAt: -Infinity };
      this.nodes.set(node, other);
    }
    return other;
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
