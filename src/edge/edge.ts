import { createHash } from 'node:crypto';
import { isErased } from '../ledger/erasure.js';
import { alterationBodyOf } from '../ledger/row-mapper.js';
import type { LedgerStore } from '../ledger/store.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import type { AlterationBody, WholeMessage } from '../protocol/index.js';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import type { UpstreamOptions } from '../config/upstream-options.js';
import { Adopter } from './adopter.js';
import type { EdgeStatus, LinkState } from './edge-status.js';
import { saidOf } from './bounds.js';
import { EdgeStore, NEVER, type EdgeRefusal } from './edge.store.js';
import { Follower } from './follower.js';
import { Forwarder } from './forwarder.js';
import { markedSeq } from './marks.js';
import { Outbox } from './outbox.js';
import { UpstreamCalls } from './upstream-calls.js';
import { UpstreamSocket } from './upstream-socket.js';
import type { Tables } from '../database/tables.js';

/** What an edge is made of. */
export interface EdgeParts {
  readonly options: UpstreamOptions;
  readonly store: LedgerStore & Tables;
  readonly writer: Pick<LedgerWriter, 'submit' | 'onCommit' | 'open'>;
  /** Is told when the link breaks, and when it is there again: a fixed text, and what upstream has to do with it. */
  readonly say: (cause: string, detail: string) => void;
  /** Something was erased here since upstream has erased it. */
  readonly erased: () => void;
}

const REST_MS = { first: 250, most: 30_000 } as const;
/** What is read at once of the own ledger. */
const PAGE = { limit: 500, chars: 4 * 1024 * 1024 } as const;

/** This server as the follower of another: what that one decides comes here, and what is written here goes there. */
export class Edge {
  private readonly ended = new AbortController();
  private readonly outbox = new Outbox();
  private readonly rows: EdgeStore;
  private readonly adopter: Adopter;
  private readonly calls: UpstreamCalls;
  private readonly follower: Follower;
  private readonly forwarder: Forwarder;
  private readonly listeners = new Set<() => void>();
  private stopListening: () => void = () => undefined;
  private socket: UpstreamSocket | undefined;
  private timer: NodeJS.Timeout | undefined;
  private blanked: Promise<unknown> = Promise.resolve();
  private work: Promise<unknown> = Promise.resolve();
  private failures = 0;
  private state: LinkState = 'stopped';
  private fault: string | undefined;
  private epoch = '';
  /** Who we are upstream. */
  private principal = '';
  /** The one of this server that follows. */
  readonly tenant: string;

  constructor(private readonly parts: EdgeParts) {
    const { store, writer, options } = parts;
    const { url, token, tenant = ANONYMOUS.tenant } = options;
    this.tenant = tenant;
    const { outbox } = this;
    this.rows = new EdgeStore(store, tenant);
    const say = (cause: string, detail: string): void => parts.say(cause, saidOf(detail));
    this.adopter = new Adopter({
      ...{ tenant, writer, outbox, signal: this.ended.signal },
      revenant: (id) => this.follower.revenant(id),
      refuse: (id, why) => say('what the server above tells of an atome is not kept', `${saidOf(id)}: ${why}`),
    });
    this.calls = new UpstreamCalls(url, () => token?.());
    const ownSeq = (opId: string, atomeId: string): number | undefined => this.ownSeq(opId, atomeId);
    const { rows, adopter, calls } = this;
    const moved = (): void => this.moved();
    this.follower = new Follower({ tenant, store, rows, outbox, adopter, calls, ownSeq, say, moved });
    this.forwarder = new Forwarder({
      outbox,
      calls,
      opIdOf: (write) => this.opIdOf(write),
      onFault: (fault) => say('what is written here does not get to upstream', fault),
    });
  }

  /** Finds out what is on its way, and connects. */
  async start(): Promise<void> {
    const { tenant } = this;
    const { store, writer } = this.parts;
    await writer.open(tenant);
    const cursor = await this.rows.cursor();
    const meanwhile: AlterationBody[] = [];
    const hear = { take: (each: AlterationBody): unknown => meanwhile.push(each) };
    this.stopListening = writer.onCommit((of, committed) => {
      if (of === tenant) for (const { alteration } of committed) hear.take(alteration);
    });
    const refused = await this.rows.refusals(undefined, cursor?.safe ?? 0);
    const isRefused = new Set(refused.map(({ seq }) => seq));
    const ledger = store.ledger(tenant);
    this.epoch = (await ledger.write.open()).epoch;
    const from = cursor ? Math.min(cursor.safe, cursor.head) : 0;
    const floor = (await ledger.audit.floor())?.seq ?? 0;
    if (floor > from) {
      throw new Error(
        `UPSTREAM: writes of the tenant "${tenant}" that the server above has not decided are in archives; ` +
          'follow it with a new database, or with a copy that has the whole history',
      );
    }
    // holds the archiving up from the first start on
    if (!cursor) await this.rows.save(NEVER);
    for (let after = from; ;) {
      const page = await ledger.alterations.page({ after, upTo: Number.MAX_SAFE_INTEGER, ...PAGE });
      if (page.length === 0) break;
      for (const row of page) {
        const isKnown = markedSeq(row) === undefined ? row.seq <= (cursor?.safe ?? 0) : row.seq <= (cursor?.head ?? 0);
        this.follower.head = after = row.seq;
        if (!isKnown && !isErased(row) && !isRefused.has(row.seq))
          this.adopter.heard({ alteration: alterationBodyOf(row) });
      }
    }
    this.follower.begin(
      cursor?.epoch === NEVER.epoch ? undefined : cursor,
      refused.map(({ atomeId }) => atomeId),
    );
    const { head } = this.follower;
    hear.take = (each) => this.heard(each);
    for (const each of meanwhile) if (each.seq > head) this.heard(each);
    void this.connect();
  }

  /** Ends the link. What is on its way goes on at the next start. */
  async stop(): Promise<void> {
    this.state = 'stopped';
    this.stopListening();
    clearTimeout(this.timer);
    this.ended.abort();
    this.socket?.end('this server goes down');
    await Promise.all([this.work, this.socket?.settled(), this.blanked]);
  }

  /** @param listener is told when something was decided upstream, or has come from there, or the link broke. @returns what ends that. */
  onMoved(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  status(): EdgeStatus {
    const { follower, outbox, state, fault } = this;
    const { epoch, seq, hash } = follower.position ?? {};
    return {
      state,
      ...(fault !== undefined && { fault }),
      ...(epoch !== undefined && { upstream: { epoch, seq: seq!, hash: hash!, head: follower.upstreamHead } }),
      waiting: outbox.size,
      safe: follower.safe,
    };
  }

  /** How far a write of this server's tenant is safe, by its seq; undefined for another tenant. */
  safety(tenant: string, seq: number): 'edge' | 'core' | undefined {
    if (tenant !== this.tenant) return undefined;
    return seq <= this.follower.safe ? 'core' : 'edge';
  }

  /** @param author whose; left out: everybody's. */
  refusals(author?: string): Promise<readonly EdgeRefusal[]> {
    return this.rows.refusals(author);
  }

  private heard(alteration: AlterationBody): void {
    this.follower.head = alteration.seq;
    if (alteration.operation === 'redact') {
      const blanked = this.rows.blank(alteration.atomeId).catch((error: unknown) => {
        this.parts.say('what was refused of an erased atome is still told', saidOf(error));
      });
      this.blanked = Promise.all([this.blanked, blanked]);
    }
    if (this.adopter.heard({ alteration })) this.forwarder.wake();
    else if (alteration.operation === 'redact') this.parts.erased();
  }

  private moved(): void {
    // what was acknowledged may be to be sent again
    this.forwarder.wake();
    this.listeners.forEach((listener) => listener());
  }

  private async connect(): Promise<void> {
    // what is under way moves the same cursor
    await Promise.all([this.work, this.socket?.settled()]);
    if (this.ended.signal.aborted) return;
    this.state = 'connecting';
    const over = new AbortController();
    this.calls.signal = over.signal;
    const onEnd = (why: string, retryAfterMs: number): void => {
      over.abort();
      this.wait(why, retryAfterMs);
    };
    try {
      const { url, token } = this.parts.options;
      const socket: UpstreamSocket = new UpstreamSocket(url, token?.(), {
        onKnown: (principal) => this.known(socket, principal, over.signal),
        onMessage: (message) => this.take(socket, message),
        onEnd,
      });
      this.socket = socket;
    } catch (error) {
      // the file of the token may have gone
      onEnd((error as Error).message, 0);
    }
  }

  private known(socket: UpstreamSocket, principal: string, signal: AbortSignal): void {
    this.principal = principal;
    this.state = 'catching-up';
    void socket.inLine(async () => {
      socket.send({ type: 'subscribe', ...(await this.follower.subscription()) });
      this.work = this.forwarder.run((outcomes) => socket.inLine(() => this.follower.decided(outcomes)), signal);
    });
  }

  private async take(socket: UpstreamSocket, message: WholeMessage): Promise<void> {
    const again = await this.follower.take(message);
    if (again) socket.send({ type: 'subscribe', ...again });
    if (message.type !== 'sync:live') return;
    if (this.fault !== undefined) this.parts.say('the server above is followed again', '');
    this.state = 'live';
    this.fault = undefined;
    this.failures = 0;
    this.moved();
  }

  private wait(why: string, retryAfterMs: number): void {
    if (this.ended.signal.aborted) return;
    this.state = 'waiting';
    if (this.fault === undefined) this.parts.say('the server above is not followed, and is tried again', saidOf(why));
    this.fault = why;
    const wait = retryAfterMs + Math.random() * Math.min(REST_MS.most, REST_MS.first * 2 ** this.failures);
    this.failures += 1;
    this.timer = setTimeout(() => void this.connect(), wait);
    this.moved();
  }

  /** An opId is its author's own, and all that goes up has one author there: those of others get names of their own. */
  private opIdOf(write: AlterationBody): string {
    const { opId, author } = write;
    if (opId !== null && (author === this.principal || author === ANONYMOUS.id)) return opId;
    return this.nameOf(write);
  }

  /** A ledger that was brought back from a backup gives the same seq again, to another write. */
  private nameOf({ seq, author, opId, atomeId, operation, hlc }: AlterationBody): string {
    const what = JSON.stringify([author, opId, atomeId, operation, hlc]);
    return `edge:${this.epoch}:${seq}:${createHash('sha256').update(what).digest('hex').slice(0, 16)}`;
  }

  private ownSeq(opId: string, atomeId: string): number | undefined {
    const prefix = `edge:${this.epoch}:`;
    if (!opId.startsWith(prefix)) return this.outbox.seqOf(opId, atomeId);
    const write = this.outbox.at(Number.parseInt(opId.slice(prefix.length), 10));
    return write && this.nameOf(write) === opId ? write.seq : undefined;
  }
}
