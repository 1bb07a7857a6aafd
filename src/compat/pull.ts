import { Inject, Injectable } from '@nestjs/common';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { parseAsOfPoint } from '../http/as-of.js';
import { ResolvedOptions } from '../config/module-options.js';
import { readChanges } from '../feed/changes.js';
import { SharedClock } from '../database/shared-clock.js';
import { Feed } from '../feed/feed.js';
import type { TenantLog } from '../feed/tenant-log.js';
import { AuditReader } from '../compliance/audit-reader.js';
import type { Atome, AtomeEvent, Principal } from '../protocol/index.js';
import type { DoneAnswer } from '../protocol/messages/answers.js';
import { Bookmarks } from './pull-cursors.js';

/** An atome as it is now, or what is told of one that is deleted. */
export type Pulled =
  Atome | { readonly id: string; readonly deleted: true; readonly deletedAt: string; readonly updatedAt: string };

export interface PullAnswer {
  readonly atomes: readonly Pulled[];
  /** Up to where the changes of the ledger are told. */
  readonly seq: number;
  readonly hasMore: boolean;
  readonly serverTime: string;
}

/** A page of atomes as they are. */
export interface PulledAnswer extends DoneAnswer, PullAnswer {}

/** What was pulled has arrived. */
export interface AcknowledgedAnswer extends DoneAnswer {
  /** How many were named. */
  readonly acknowledged: number;
}

/** Most atomes of one answer. */
const MOST = 1_000;

/** The changes as the original client asks for them: whole atomes since a time, or since its last acknowledgement. */
@Injectable()
export class OriginalPull {
  private readonly told = new Bookmarks();
  private readonly offered = new Bookmarks();
  private readonly acknowledged = new Bookmarks();
  @Inject(SharedClock) private readonly clock!: SharedClock;

  constructor(
    private readonly feed: Feed,
    private readonly accessPolicy: AccessPolicy,
    private readonly trail: AuditReader,
    private readonly options: ResolvedOptions,
  ) {}

  /**
   * Everything, or what has changed since a seq or a time. The client takes its own time for the next question, so it is
   * also told what the answer before has left out, or what changed behind it.
   */
  async since(principal: Principal, since: string | undefined, signal: AbortSignal): Promise<PullAnswer> {
    const log = await this.feed.log(principal.tenant);
    const from = since === undefined ? 0 : await this.seqBefore(log, principal, since);
    const answer = await this.page(log, principal, from, signal);
    this.told.put(log.tail, principal, answer.seq);
    return answer;
  }

  /** What has changed since the principal last acknowledged what it was given. */
  async pending(principal: Principal, signal: AbortSignal): Promise<PullAnswer> {
    const log = await this.feed.log(principal.tenant);
    const answer = await this.page(
      log,
      principal,
      Math.min(this.acknowledged.of(log.tail, principal) ?? 0, log.tail.seq),
      signal,
    );
    this.offered.put(log.tail, principal, answer.seq);
    return answer;
  }

  /** What was {@link pending} has arrived. */
  async acknowledge(principal: Principal): Promise<void> {
    const log = await this.feed.log(principal.tenant);
    const seq = this.offered.of(log.tail, principal);
    if (seq !== undefined) this.acknowledged.put(log.tail, principal, seq);
  }

  private async seqBefore(log: TenantLog, principal: Principal, since: string): Promise<number> {
    const asOf = parseAsOfPoint(since, 'since');
    if ('seq' in asOf) return asOf.seq;
    const seq = await this.trail.countBefore(principal, asOf, log.tail.seq);
    return Math.min(seq, this.told.of(log.tail, principal) ?? seq);
  }

  private async page(log: TenantLog, principal: Principal, from: number, signal: AbortSignal): Promise<PullAnswer> {
    const rights = this.accessPolicy.accessFingerprint(principal);
    const cursor = { since: from };
    const request = { principal, rights, cursor, filter: {}, compact: true, limit: MOST, waitMs: 0, signal };
    const { events, to, head } = await readChanges(log, request);
    // what is pulled here is pushed elsewhere, in one message
    const taken = fitting(events, this.options.limits.messageBytes / 2).map((text) => JSON.parse(text) as AtomeEvent);
    const seq = taken.length < events.length ? taken.at(-1)!.seq : to;
    const atomes = taken.map(atomeOf).filter((atome) => atome !== undefined);
    return { atomes, seq, hasMore: seq < head, serverTime: new Date(this.clock.now()).toISOString() };
  }
}

/** The first of some texts that take about so many bytes, and at least one. */
function fitting(texts: readonly string[], bytes: number): readonly string[] {
  let left = bytes;
  const full = texts.findIndex((text) => (left -= Buffer.byteLength(text)) < 0);
  return full < 0 ? texts : texts.slice(0, Math.max(1, full));
}

/** undefined for one that has only left what may be seen. */
function atomeOf(event: AtomeEvent): Pulled | undefined {
  if (event.type === 'atome:left') return undefined;
  if (event.type !== 'atome:deleted') return event.atome;
  const { atomeId: id, timestamp } = event;
  return { id, deleted: true, deletedAt: timestamp, updatedAt: timestamp };
}
