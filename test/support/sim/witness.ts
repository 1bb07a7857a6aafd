import type { AlterationRow } from '../../../src/ledger/rows.js';
import type { AtomeDelta, AtomeEvent, RangeFrame, ServerMessage } from '../../../src/protocol/index.js';
import type { Schedule } from './schedule.js';
import type { SimLink } from './sim-network.js';

/** How far one connection has been told. */
interface Told {
  /** Undefined until it is subscribed. */
  cursor: number | undefined;
  /** Only the newest of each atome is told for now. */
  isCompact: boolean;
  /** Of the subscriptions that are not answered yet, whether they ask for that. */
  readonly asked: boolean[];
}

/** So many faults say enough. */
const MOST = 20;

/**
 * Sees what is committed, what nodes say and what clients hear, and says what must not be: an answer, or an event, before it is
 * committed; an event that is missing, doubled, out of order, or another than was committed.
 */
export class Witness {
  readonly wrong: string[] = [];
  /** What is durable, by seq from 1 on. */
  readonly rows: Pick<AlterationRow, 'seq' | 'hash' | 'opId' | 'atomeId'>[] = [];
  /** OpIds that a client was told are refused for good, and those of which another copy was under way, and was committed behind that. */
  private readonly refused = new Set<string>();
  readonly late = new Set<string>();
  /** What has ever been committed at each seq: hash and opId. */
  private readonly ever = new Map<number, Set<string>>();
  private readonly told = new WeakMap<SimLink, Told>();
  /** How many events clients have heard of. */
  heardEvents = 0;

  /** @param seesAll whether a client is to be told of everything. */
  constructor(
    private readonly schedule: Schedule,
    private readonly seesAll: (client: string) => boolean,
  ) {}

  blame(what: string): void {
    if (this.wrong.length < MOST) this.wrong.push(`${this.schedule.now.toFixed(3)} ${what.slice(0, 500)}`);
  }

  /** It is durable from here on. */
  committed(rows: readonly AlterationRow[]): void {
    for (const row of rows) {
      const before = this.rows.at(-1);
      if (row.seq !== this.rows.length + 1) this.blame(`the row ${row.seq} is committed behind ${this.rows.length}`);
      else if (before && row.prevHash !== before.hash) this.blame(`the row ${row.seq} does not continue the chain`);
      this.rows.push(row);
      if (row.opId !== null && this.refused.has(row.opId)) this.late.add(row.opId);
      const known = this.ever.get(row.seq) ?? new Set();
      this.ever.set(row.seq, known.add(row.hash).add(String(row.opId)));
    }
  }

  /** An older copy of the database has taken its place. @returns the opIds of what has gone. */
  putBack(seq: number): string[] {
    return this.rows.splice(seq).flatMap(({ opId }) => opId ?? []);
  }

  /** A client asks for something. */
  asked(link: SimLink, text: string): void {
    if (!text.startsWith('{"type":"subscribe"')) return;
    const { compact } = JSON.parse(text) as { readonly compact?: boolean };
    const told = this.told.get(link) ?? { cursor: undefined, isCompact: true, asked: [] };
    told.cursor = undefined;
    told.asked.push(compact === true);
    this.told.set(link, told);
  }

  /** A node says something: what it says is committed. */
  said({ node, client }: SimLink, message: ServerMessage): void {
    if (message.type === 'nack' && !message.error.retryable) this.refused.add(message.opId);
    if (message.type !== 'ack' && message.type !== 'events') return;
    const seq = message.type === 'ack' ? message.seq : message.to;
    // what has gone may be told of until that is noticed
    if (seq === 0 || this.ever.has(seq)) return;
    this.blame(`${node.name} tells ${client.name} of seq ${seq} before it is committed: ${JSON.stringify(message)}`);
  }

  /** Something has come to a client: what was before has come, too. */
  heard(link: SimLink, message: ServerMessage): void {
    const told = this.told.get(link);
    if (!told) return;
    const isAnswer = message.type === 'subscribed' || message.type === 'sync:reset';
    // the answer to one that another has followed says nothing of that
    if (isAnswer) told.isCompact = told.asked.shift() ?? true;
    if (message.type === 'subscribed') told.cursor = message.from;
    else if (message.type === 'sync:reset') told.cursor = undefined;
    else if (message.type === 'sync:live') told.isCompact = false;
    else if (message.type === 'events' && told.cursor !== undefined) this.follow(link.client.name, told, message);
  }

  private follow(client: string, told: Told, { from, to, hash, events }: RangeFrame): void {
    if (from !== told.cursor) this.blame(`${client} is told of ${from} to ${to} when it has ${told.cursor}`);
    if (to > 0 && !this.ever.get(to)?.has(hash)) this.blame(`${client} is told of another hash at ${to}`);
    let last = from;
    for (const event of events) {
      if (event.seq <= last || event.seq > to)
        this.blame(`${client} is told of ${event.seq} behind ${last}, in a frame of ${from} to ${to}`);
      else if (event.seq !== last + 1 && !told.isCompact && this.seesAll(client))
        this.blame(`${client} is not told of ${last + 1}, in a frame of ${from} to ${to}`);
      last = event.seq;
      this.compare(client, event);
    }
    if (last < to && !told.isCompact && this.seesAll(client))
      this.blame(`${client} is not told of ${last + 1}, at the end of a frame of ${from} to ${to}`);
    this.heardEvents += events.length;
    told.cursor = to;
  }

  private compare(client: string, event: AtomeEvent | AtomeDelta): void {
    if (!('alteration' in event)) return;
    const { opId } = event.alteration;
    if (!this.ever.get(event.seq)?.has(String(opId)))
      this.blame(`${client} is told of another write at ${event.seq}: ${opId}`);
  }
}
