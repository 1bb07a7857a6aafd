import { membersOf } from '../ledger/json-text.js';
import { textWithAtome } from '../ledger/lazy-atome.js';
import { headerOfAtome, type Committed } from '../ledger/outcome.js';
import type { WrittenTexts } from '../ledger/rows.js';
import { LARGE } from '../ledger/turns.js';
import {
  isDelta,
  type AccessRules,
  type AlterationBody,
  type Atome,
  type AtomeEvent,
  type AtomeLeft,
  type Audience,
  type AtomeHeader,
  type JudgedHeader,
} from '../protocol/index.js';

/** The event that stands for an alteration. A delete that lost against a newer restore deleted nothing. */
export function eventOf({ alteration, atome }: Pick<Committed, 'alteration' | 'atome'>): AtomeEvent {
  const { seq, timestamp, sourceClient, opId, superseded, atomeId, operation } = alteration;
  const base = { sourceClient, timestamp, seq, opId, ...(superseded.length > 0 && { superseded }) };
  if (operation === 'create') return { type: 'atome:created', atome, ...base };
  if (operation === 'replace') return { type: 'atome:updated', atome, ...base };
  if (operation === 'redact') return { type: 'atome:deleted', atomeId, redacted: true, ...base };
  if (operation === 'delete' && atome.deletedAt !== null) return { type: 'atome:deleted', atomeId, ...base };
  return { type: 'atome:altered', atomeId, alteration, atome, ...base };
}

const ALTERATION: ReadonlySet<string> = new Set(['"alteration"']);

/** What an event takes besides changes and document: of a small document, that is nearly all. */
const ENVELOPE_CHARS = 512;

/** The states around an alteration; null before it for a new atome, or where that is not known. */
export interface States {
  readonly before: Atome | null;
  readonly after: Atome;
}

/**
 * One alteration in the feed. Its event is encoded once, when the first reader needs it, and the objects it
 * was made of are let go.
 */
export class Entry {
  readonly seq: number;
  readonly hash: string;
  readonly prevHash: string;
  /** About how many characters the event takes. */
  readonly size: number;
  /** The same of the states around it. */
  readonly statesSize: number;
  readonly sourceClient: string | null;
  readonly author: string;
  readonly after: AtomeHeader;
  readonly before: AtomeHeader | null;
  /** Whether readers may have had the atome at some earlier time that this entry does not tell. */
  readonly existed: boolean;
  /** Whether it took the payloads of its atome with it. */
  readonly redacts: boolean;
  /** Who could ever see the atome; undefined where that is not needed. */
  readonly audience: Audience | undefined;
  /** The header as it is now: current rights decide who may read past entries. */
  current: JudgedHeader;
  /** Whether there are readers who may not read it. */
  restricted: boolean;
  /** What conditions are judged by; undefined where it is not held, null for what was erased. */
  states: States | null | undefined;
  private alteration: AlterationBody | undefined;
  private atome: Atome | undefined;
  private texts: WrittenTexts | undefined;
  private json: string | undefined;

  /** @param holdsStates whether somebody may ask for a condition. */
  constructor(
    committed: Committed,
    compact: boolean,
    private readonly rules: AccessRules,
    holdsStates = false,
  ) {
    const { alteration, hash, prevHash, size, atome, before, previous = null, previousSize = 0, erased } = committed;
    this.seq = alteration.seq;
    this.hash = hash;
    this.prevHash = prevHash;
    this.size = size + ENVELOPE_CHARS;
    const states = size + previousSize;
    // of large ones there may be both: the text, and what it was taken apart to
    this.statesSize = states < LARGE ? states : 2 * states;
    this.sourceClient = alteration.sourceClient;
    this.author = alteration.author;
    this.after = headerOfAtome(atome);
    this.current = committed.current ?? this.after;
    this.restricted = !rules.isOpen(this.current);
    this.before = before;
    this.redacts = alteration.operation === 'redact';
    this.audience = committed.audience ?? (alteration.operation === 'redact' ? alteration.changes.audience : undefined);
    // whoever may have an erased atome is told, wherever it stood
    this.existed = (compact && before !== null) || this.redacts;
    this.alteration = erased ? undefined : alteration;
    this.atome = atome;
    this.texts = committed.texts;
    // what it takes is not to be held either
    this.states = erased || this.redacts ? null : holdsStates ? { before: previous, after: atome } : undefined;
  }

  /** undefined for an entry whose payload has been erased: nobody gets anything of it. */
  get event(): string | undefined {
    const { alteration, atome, texts } = this;
    if (alteration && atome) {
      this.letGo();
      this.json = textWithAtome(eventOf({ alteration, atome }), texts);
    }
    return this.json;
  }

  /**
   * The event for who has the atome at the version before it: the changes, without the atome. undefined where they alone do
   * not lead there.
   */
  get delta(): string | undefined {
    const { alteration, texts, seq } = this;
    if (!this.before) return undefined;
    if (alteration && this.size >= LARGE)
      return isDelta(alteration) ? textWithAtome({ type: 'atome:delta', alteration, seq }, texts) : undefined;
    // the objects of a small one take more than its text, so that they are not held for this
    const [text] = membersOf(this.event ?? '{}', ALTERATION).values();
    if (text === undefined || !isDelta(JSON.parse(text) as AlterationBody)) return undefined;
    return `{"type":"atome:delta","alteration":${text},"seq":${seq}}`;
  }

  erase(): void {
    this.letGo();
    this.json = undefined;
    this.states = null;
  }

  private letGo(): void {
    this.alteration = undefined;
    this.atome = undefined;
    this.texts = undefined;
  }

  /** The atome has moved on. */
  relocate(current: JudgedHeader): void {
    this.current = current;
    this.restricted = !this.rules.isOpen(current);
  }

  /** The event for a reader out of whose filter, or rights, the atome has moved. */
  leftEvent(reason: AtomeLeft['reason']): string {
    const { after, seq } = this;
    return JSON.stringify({ type: 'atome:left', atomeId: after.id, reason, seq } satisfies AtomeLeft);
  }
}
