import { elapse } from '../ledger/elapse.js';
import type { Committed } from '../ledger/outcome.js';
import type { Adopt, AdoptedChange } from '../ledger/write/adopted-change.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import type { PreparedMutation } from '../ledger/write/prepared-mutation.js';
import {
  AtomeError,
  isObject,
  formatHlc,
  MAX_COUNTER,
  isRedacted,
  parseId,
  type AlterationBody,
  type AtomeEvent,
} from '../protocol/index.js';
import { faultOf, soundAlteration, soundOpId, soundTime } from './bounds.js';
import { difference, leadsTo } from './difference.js';
import { markedSeq, markOf } from './marks.js';
import type { Outbox } from './outbox.js';
import { shownOf, withWrite, type UpstreamAtome } from './shown.js';

/** How long it is waited where the writer has no room, in milliseconds. */
const REST_MS = 250;
/** Who has written what upstream does not say the author of. */
const UPSTREAM = 'upstream';

interface AdopterParts {
  readonly tenant: string;
  readonly writer: Pick<LedgerWriter, 'submit'>;
  readonly outbox: Outbox;
  readonly signal: AbortSignal;
  /** Upstream shows an atome that was erased here. */
  readonly revenant: (id: string) => void;
  /** What upstream tells of an atome cannot be kept. */
  readonly refuse: (id: string, why: string) => void;
}

/** What upstream has made of an atome, and as of when. */
interface Told {
  readonly id: string;
  readonly upstream: UpstreamAtome;
  readonly seq: number;
  /** It is told once: whatever is later is here already. */
  readonly isEvent: boolean;
  readonly author: string;
  readonly opId: string | null;
  readonly reason: string | null;
  readonly hlc: string;
  readonly alteration?: AlterationBody;
}

/** Appends to the own ledger what brings an atome to what upstream has, with the local writes on top that wait. */
export class Adopter {
  /** Up to which upstream seq an atome is here, where that is behind the cursor. */
  private readonly adopted = new Map<string, number>();
  /** Up to which own seq upstream has told the outcome of writes to an atome. */
  private readonly confirmed = new Map<string, number>();
  /** What upstream has of those atomes that local writes wait for. */
  private readonly known = new Map<string, UpstreamAtome>();

  constructor(private readonly parts: AdopterParts) {}

  /** Takes note of what stands in the own ledger. @returns whether it was written here. */
  heard({ alteration }: Pick<Committed, 'alteration'>): boolean {
    const seq = markedSeq(alteration);
    if (seq === undefined) this.parts.outbox.add(alteration);
    else this.adopted.set(alteration.atomeId, Math.max(seq, this.adopted.get(alteration.atomeId) ?? 0));
    return seq === undefined;
  }

  /** What upstream has of an atome, where that is known. */
  knownOf(id: string): UpstreamAtome | undefined {
    return this.known.get(id);
  }

  /** Whether upstream has told what came of a local write. */
  isConfirmed({ atomeId, seq }: AlterationBody): boolean {
    return this.isBehind(atomeId, seq);
  }

  /** Up to which upstream seq some atome is here. */
  get furthest(): number {
    let furthest = 0;
    for (const seq of this.adopted.values()) furthest = Math.max(furthest, seq);
    return furthest;
  }

  /** All that upstream has told up to the cursor is here, and these atomes have no writes that wait unless they are in the outbox. */
  forget(ids: Iterable<string>, cursor: number): void {
    for (const [id, seq] of this.adopted) if (seq <= cursor) this.adopted.delete(id);
    for (const id of ids) {
      if (this.parts.outbox.of(id).length > 0) continue;
      this.known.delete(id);
      this.confirmed.delete(id);
    }
  }

  /** Upstream begins anew. */
  reset(): void {
    this.adopted.clear();
    this.known.clear();
    this.confirmed.clear();
  }

  /** What upstream has of it has to be asked for. */
  lose(id: string): void {
    this.known.delete(id);
  }

  /**
   * Whether an event says of the oldest local write to an atome what was shown of it from the beginning: then what is here
   * is right, with all that waits on top of it. Takes note of it.
   */
  isForetold(id: string, event: AtomeEvent, own: number | undefined): boolean {
    const [before, write] = [this.known.get(id), this.parts.outbox.of(id).find(({ seq }) => !this.isBehind(id, seq))];
    if (write === undefined || write.seq !== own || before === undefined || before === 'erased') return false;
    if (!('atome' in event) || faultOf(event.atome) !== undefined) return false;
    const expected = withWrite(before === 'none' ? null : { ...before, clocks: {} }, write);
    if (!expected || difference(expected, { ...event.atome, clocks: {} }).length > 0) return false;
    this.known.set(id, event.atome);
    this.confirm(id, own);
    return true;
  }

  private isBehind(id: string, seq: number): boolean {
    return seq <= (this.confirmed.get(id) ?? 0);
  }

  /** Takes note of an event behind which there is another one about the same atome. @param own as {@link event} has it. */
  pass(id: string, own: number | undefined): void {
    // what the next one makes of it cannot be foretold
    this.lose(id);
    if (own !== undefined) this.confirm(id, own);
  }

  /** Takes note that an event is about a local write. */
  private confirm(id: string, own: number): void {
    this.confirmed.set(id, Math.max(own, this.confirmed.get(id) ?? 0));
  }

  /** @param own the seq of the local write that the event is about. */
  event(id: string, event: AtomeEvent, own: number | undefined): Promise<void> {
    const { seq, type } = event;
    if (own !== undefined) this.confirm(id, own);
    const upstream = 'atome' in event ? event.atome : 'redacted' in event ? 'erased' : 'none';
    const base = { id, upstream, seq, isEvent: true } as const;
    if (type === 'atome:left') {
      const reason = 'it may be read no longer upstream';
      return this.adopt({ ...base, author: UPSTREAM, opId: null, reason, hlc: stampAt(Date.now()) });
    }
    const alteration = type === 'atome:altered' ? soundAlteration(event.alteration) : undefined;
    const author =
      alteration?.author ?? (type === 'atome:created' && isObject(event.atome) ? event.atome.ownerId : UPSTREAM);
    const opId = own === undefined ? soundOpId(event.opId) : null;
    const hlc = stampAt(soundTime(event.timestamp));
    const { reason = null } = alteration ?? {};
    return this.adopt({ ...base, author, opId, reason, hlc, ...(alteration && { alteration }) });
  }

  /** What upstream has of an atome as of a seq, whatever has been told. @param reason why it is looked at. */
  state(id: string, upstream: UpstreamAtome, seq: number, reason: string | null): Promise<void> {
    const hlc = stampAt(Date.now());
    return this.adopt({ id, upstream, seq, isEvent: false, author: UPSTREAM, opId: null, reason, hlc });
  }

  private async adopt(told: Told): Promise<void> {
    const { tenant, writer, outbox, signal } = this.parts;
    const { id, opId, author, seq, upstream } = told;
    const fault = faultIn(told);
    if (fault !== undefined) return this.parts.refuse(id, fault);
    if (outbox.of(id).length > 0) this.known.set(id, upstream);
    else this.known.delete(id);
    // as of this event: later ones may confirm more before this is decided
    const confirmed = this.confirmed.get(id) ?? 0;
    const adopt: Adopt = (state, unheard) => {
      const marks = unheard.map((each) => markedSeq(each) ?? 0);
      if (told.isEvent && Math.max(this.adopted.get(id) ?? 0, ...marks) >= seq) return [];
      const isErasedHere = state !== null && isRedacted(state) && outbox.of(id).length === 0;
      if (isErasedHere && typeof upstream === 'object') this.parts.revenant(id);
      const local = unheard.filter((each) => markedSeq(each) === undefined);
      const waiting = [...outbox.of(id), ...local].filter((each) => each.seq > confirmed);
      return changesTo(told, shownOf(told.upstream, waiting, state), state);
    };
    const nothing = { operation: 'replace', changes: {}, hlc: null, baseVersion: null, reason: null } as const;
    const mutation: PreparedMutation = { ...nothing, atomeId: id, opId, adopt };
    // rights were judged upstream
    const principal = { id: author, tenant, roles: ['admin'] };
    for (;;) {
      try {
        await writer.submit(tenant, mutation, { principal, sourceClient: markOf(seq) });
        return;
      } catch (error) {
        const hasNoRoom = error instanceof AtomeError && error.retryable && error.code !== 'internal';
        if (!hasNoRoom || signal.aborted) throw error;
        await elapse(REST_MS, { signal });
      }
    }
  }
}

/** What is wrong with it, by the protocol's own rules. */
function faultIn({ id, upstream }: Told): string | undefined {
  if (typeof upstream === 'object') return faultOf(upstream);
  try {
    parseId(id);
    return undefined;
  } catch {
    return 'it has no id';
  }
}

type Shown = ReturnType<typeof shownOf>;

/** Upstream's own alteration where that leads there. */
function changesTo(told: Told, shown: Shown, present: Parameters<Adopt>[0]): readonly AdoptedChange[] {
  const changes = difference(present, shown);
  const { alteration, author, opId, reason, hlc } = told;
  if (changes.length === 0) return [];
  if (alteration && shown !== null && shown !== 'erased' && leadsTo(present, alteration, shown)) {
    return [{ ...alteration, opId }];
  }
  return changes.map((change, at) => {
    const owner = change.operation === 'create' && shown !== null && shown !== 'erased' ? shown.ownerId : author;
    const name = at === 0 && owner === author ? opId : null;
    return { ...change, author: owner, opId: name, reason, hlc, superseded: [] };
  });
}

/** Later than what upstream had stamped by then. */
function stampAt(ms: number): string {
  return formatHlc(ms, MAX_COUNTER, UPSTREAM);
}
