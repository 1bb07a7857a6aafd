import type { LedgerStore } from '../ledger/store.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import type { UpstreamOptions } from '../config/upstream-options.js';
import type { Tables } from '../database/tables.js';
import { Adopter } from './adopter.js';
import { saidOf } from './bounds.js';
import type { EdgeStatus } from './edge-status.js';
import { EdgeStore, type EdgeRefusal } from './edge.store.js';
import { Follower } from './follower.js';
import { Forwarder } from './forwarder.js';
import { Outbox } from './outbox.js';
import { OwnLedger } from './own-ledger.js';
import { OwnNames } from './own-names.js';
import { UpstreamCalls } from './upstream-calls.js';
import { UpstreamLink } from './upstream-link.js';

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

/** This server as the follower of another: what that one decides comes here, and what is written here goes there. */
export class Edge {
  /** The one of this server that follows. */
  readonly tenant: string;
  private readonly rows: EdgeStore;
  private readonly outbox = new Outbox();
  private readonly names = new OwnNames(this.outbox);
  private readonly follower: Follower;
  private readonly ownLedger: OwnLedger;
  private readonly link: UpstreamLink;
  private readonly listeners = new Set<() => void>();

  constructor({ options, store, writer, erased, ...parts }: EdgeParts) {
    const { url, token, tenant = ANONYMOUS.tenant } = options;
    this.tenant = tenant;
    const { outbox, names, listeners } = this;
    const rows = (this.rows = new EdgeStore(store, tenant));
    const say = (cause: string, detail: string): void => parts.say(cause, saidOf(detail));
    const calls = new UpstreamCalls(url, () => token?.());
    const forwarder = new Forwarder({
      outbox,
      calls,
      opIdOf: (write) => names.opIdOf(write),
      onFault: (fault) => say('what is written here does not get to upstream', fault),
    });
    const wake = (): void => forwarder.wake();
    const moved = (): void => {
      // what was acknowledged may be to be sent again
      wake();
      listeners.forEach((listener) => listener());
    };
    const link = (this.link = new UpstreamLink(options, {
      known: (principal) => void (names.principal = principal),
      subscription: () => this.follower.subscription(),
      take: (message) => this.follower.take(message),
      connecting: (signal) => void (calls.signal = signal),
      send: (inLine, signal) => forwarder.run((outcomes) => inLine(() => this.follower.decided(outcomes)), signal),
      moved,
      say,
    }));
    const adopter = new Adopter({
      ...{ tenant, writer, outbox, signal: link.signal },
      revenant: (id) => this.follower.revenant(id),
      refuse: (id, why) => say('what the server above tells of an atome is not kept', `${saidOf(id)}: ${why}`),
    });
    const ownSeq = names.seqOf.bind(names);
    const follower = new Follower({ tenant, store, rows, outbox, adopter, calls, ownSeq, say, moved });
    this.follower = follower;
    this.ownLedger = new OwnLedger({ tenant, store, writer, rows, adopter, follower, wake, erased, say });
  }

  /** Finds out what is on its way, and connects. */
  async start(): Promise<void> {
    this.names.epoch = await this.ownLedger.start();
    this.link.start();
  }

  /** Ends the link. What is on its way goes on at the next start. */
  async stop(): Promise<void> {
    await Promise.all([this.link.stop(), this.ownLedger.stop()]);
  }

  /** @param listener is told when something was decided upstream, or has come from there, or the link broke. @returns what ends that. */
  onMoved(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  status(): EdgeStatus {
    const { follower, outbox } = this;
    const { state, fault } = this.link.status;
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
}
