import { stateOf } from '../ledger/row-mapper.js';
import type { LedgerStore } from '../ledger/store.js';
import {
  decideFrame,
  isObject,
  isRedacted,
  type AtomeEvent,
  type WholeFrame,
  type WholeMessage,
} from '../protocol/index.js';
import type { Adopter } from './adopter.js';
import type { EdgeCursor, EdgeStore } from './edge.store.js';
import type { Decided } from './forwarder.js';
import type { Outbox } from './outbox.js';
import type { UpstreamCalls } from './upstream-calls.js';

export interface FollowerParts {
  readonly tenant: string;
  readonly store: Pick<LedgerStore, 'ledger'>;
  readonly rows: EdgeStore;
  readonly outbox: Outbox;
  readonly adopter: Adopter;
  readonly calls: UpstreamCalls;
  readonly say: (cause: string, detail: string) => void;
  /** Something was decided, or has come. */
  readonly moved: () => void;
  /** The opId of a write of ours, as upstream has it. @returns the seq of the write. */
  readonly ownSeq: (opId: string, atomeId: string) => number | undefined;
}

/** How many atomes are read, or asked for, together. */
const PAGE = 500;
const ASKED = 16;
/** From so many writes that wait for one atome on, the events of a frame about it are taken together. */
const HOT = 50;
const GONE = 'it is not there upstream';

/** From where upstream is followed. */
export type Subscription = Pick<EdgeCursor, 'epoch' | 'hash' | 'rights'> & { readonly since: number };

/** Where the edge stands in the upstream ledger: what it is told there moves this, one step after the other. */
export class Follower {
  /** Where upstream ends, as far as it has said. */
  upstreamHead = 0;
  /** Where the own ledger ends. */
  head = 0;
  private cursor: Omit<EdgeCursor, 'head' | 'safe'> | undefined;
  private rights = '';
  /** Atomes that are to be looked at upstream: a write to them was decided, and no event says what they are now. */
  private readonly unsettled = new Map<string, string | null>();
  /** Atomes that were erased here, and that upstream still shows. */
  private readonly revenants = new Set<string>();

  constructor(private readonly parts: FollowerParts) {}

  /** undefined until upstream was reached once. */
  get position(): EdgeCursor | undefined {
    return this.cursor && { ...this.cursor, head: this.head, safe: this.safe };
  }

  get safe(): number {
    return this.parts.outbox.safeSeq(this.head);
  }

  begin(cursor: EdgeCursor | undefined, unsettled: Iterable<string>): void {
    if (cursor) this.cursor = cursor;
    for (const id of unsettled) this.unsettled.set(id, 'refused upstream');
  }

  /** Upstream shows what was erased here: it is to be erased there as well. */
  revenant(id: string): void {
    this.revenants.add(id);
  }

  /** What to subscribe with. */
  async subscription(): Promise<Subscription> {
    const { epoch, seq, hash, rights } = this.cursor ?? (await this.takeSnapshot());
    return { epoch, since: seq, hash, rights };
  }

  /** @returns what to subscribe with anew; undefined: there is no need to. */
  async take(message: WholeMessage): Promise<Subscription | undefined> {
    switch (message.type) {
      case 'subscribed':
        this.upstreamHead = message.head;
        this.rights = message.rights ?? '';
        return undefined;
      case 'events':
        await this.follow(message);
        return undefined;
      case 'sync:reset':
        this.cursor = undefined;
        return this.subscription();
      default:
        return undefined;
    }
  }

  /** Takes note of what upstream has decided about local writes. */
  async decided(outcomes: readonly Decided[]): Promise<void> {
    const { rows, outbox } = this.parts;
    const refusals = outcomes.flatMap((outcome) => {
      if (!('refused' in outcome) || !outbox.has(outcome.write.seq)) return [];
      const { seq, atomeId, opId, author } = outcome.write;
      return [
        { seq, atomeId, opId, author, ...outcome.refused, refusedAt: new Date().toISOString(), write: outcome.write },
      ];
    });
    for (const outcome of outcomes) if ('at' in outcome) outbox.acknowledge(outcome.write.seq, outcome.at);
    // who inherits is told by upstream itself
    const told = refusals.filter(
      ({ write: { opId, reason } }) => opId !== null || !reason?.startsWith('inherited from '),
    );
    if (told.length > 0) await rows.refuse(told, this.safe);
    for (const { seq, atomeId, code, message } of refusals) {
      outbox.remove(seq);
      this.unsettled.set(atomeId, `refused upstream: ${code}: ${message}`.slice(0, 500));
    }
    await this.settle();
  }

  private async follow(frame: WholeFrame): Promise<void> {
    const { adopter, outbox, ownSeq } = this.parts;
    const events = decideFrame(this.cursor!.seq, frame);
    if (!events) return;
    if (events === 'missing') throw new Error('something is missing in what upstream tells');
    const last = new Map(events.map((event) => [idOf(event), event]));
    await allOf(
      events.map(async (event) => {
        const id = idOf(event);
        const opId = event.type === 'atome:left' ? null : event.opId;
        const own = opId === null ? undefined : ownSeq(opId, id);
        if (adopter.isForetold(id, event, own)) return;
        // many writes that wait are put on top of the last one alone
        if (last.get(id) === event || outbox.of(id).length < HOT) await adopter.event(id, event, own);
        else adopter.pass(id, own);
      }),
    );
    for (const [id, { type }] of last) {
      if (type !== 'atome:left') continue;
      // it may be erased, too
      adopter.lose(id);
      this.unsettled.set(id, 'it may be read no longer upstream');
    }
    this.upstreamHead = Math.max(this.upstreamHead, frame.to);
    this.cursor = { ...this.cursor!, seq: frame.to, hash: frame.hash, rights: this.rights };
    await this.settle();
  }

  /** What upstream has acknowledged at or before the cursor is over. */
  private async settle(): Promise<void> {
    const { outbox, adopter, rows } = this.parts;
    // what is told again is here already: as of the cursor it would be taken back
    if (!this.cursor || adopter.furthest > this.cursor.seq) return;
    const { seq } = this.cursor;
    const settled = outbox.takeSettled(seq);
    for (const write of settled) {
      if (!adopter.isConfirmed(write) && !this.unsettled.has(write.atomeId)) this.unsettled.set(write.atomeId, null);
    }
    const ids = new Set([...settled.map(({ atomeId }) => atomeId), ...this.unsettled.keys()]);
    try {
      while (this.unsettled.size > 0) await this.look([...this.unsettled].slice(0, ASKED), seq);
      await this.eraseAgain();
    } finally {
      // what could not be asked for is asked for the next time, and is not what it was by then
      adopter.forget(ids, seq);
    }
    await rows.save(this.position!);
    this.parts.moved();
  }

  private async look(some: readonly (readonly [id: string, reason: string | null])[], seq: number): Promise<void> {
    const { adopter, calls } = this.parts;
    const looked = some.map(async ([id, reason]) => {
      await adopter.state(id, adopter.knownOf(id) ?? (await calls.atomeAt(id, seq)), seq, reason);
      this.unsettled.delete(id);
    });
    await allOf(looked);
  }

  private async eraseAgain(): Promise<void> {
    for (const id of this.revenants) {
      const refused = await this.parts.calls.erase(id);
      this.revenants.delete(id);
      if (refused) this.parts.say('what was erased here is not erased above', `${id}: ${refused.message}`);
    }
  }

  /** Takes upstream as it is: what differs is written, and what is not there is deleted, or erased where it was. */
  private async takeSnapshot(): Promise<EdgeCursor> {
    const { calls, adopter, outbox, store, tenant } = this.parts;
    const ids = new Set<string>();
    adopter.reset();
    // it may be another ledger: what is sent twice is answered as it was
    outbox.forgetAcknowledged();
    const { epoch, seq, hash, rights, hasErased } = await calls.snapshot(async (atomes, head) => {
      atomes.forEach(({ id }) => ids.add(id));
      await allOf(atomes.map((each) => adopter.state(each.id, 'redacted' in each ? 'erased' : each, head.seq, null)));
    });
    this.unsettled.clear();
    const ledger = store.ledger(tenant).atomes;
    for (let after = ''; ;) {
      const page = await ledger.after({ after, limit: PAGE });
      if (page.length === 0) break;
      const gone = page.filter((row) => !ids.has(row.id) && !isRedacted(stateOf(row)));
      if (hasErased) await allOf(gone.map(({ id }) => adopter.state(id, 'none', seq, GONE)));
      // each is asked for, whether it was erased
      else for (const { id } of gone) this.unsettled.set(id, GONE);
      after = page.at(-1)!.id;
    }
    this.cursor = { epoch, seq, hash, rights };
    this.upstreamHead = Math.max(this.upstreamHead, seq);
    await this.settle();
    return this.position!;
  }
}

function idOf(event: AtomeEvent): string {
  if (!('atome' in event)) return event.atomeId;
  // what is none is refused where it is taken
  return isObject(event.atome) ? event.atome.id : '';
}

/** Waits for each, also where one fails: nothing of it may come later. */
async function allOf(tasks: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(tasks)) if (result.status === 'rejected') throw result.reason;
}
