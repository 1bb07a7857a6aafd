import { textWithAtome } from '../ledger/lazy-atome.js';
import type { TenantEvent } from '../consumers/consumer-options.js';
import { VERSION } from '../version.js';
import type { Poster } from './poster.js';
import { signedHeaders } from './signature.js';
import type { Target } from './webhook.js';

/** The largest body that is sent, in bytes. */
const MOST_BODY_BYTES = 64 * 1024;

/** A receiver has not taken a message. */
export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';
  /** When it is tried again, in milliseconds; undefined: no more. */
  pauseMs: number | undefined;

  constructor(
    message: string,
    /** Of the answer. */
    readonly status?: number,
    /** How long the receiver asks to be left alone, in milliseconds. */
    readonly askedMs?: number,
  ) {
    super(message);
  }
}

/** What Standard Webhooks sends. */
export interface Payload {
  readonly type: string;
  readonly timestamp: string;
  readonly data: object;
}

/** An event on its way. */
export interface Message {
  readonly id: string;
  readonly event: TenantEvent;
  /** Under which name it is followed. */
  readonly trace?: string | undefined;
}

/** Signs messages and posts them. */
export class WebhookSender {
  /** @param now by which receivers are told when it was sent, in milliseconds since 1970. */
  constructor(
    private readonly poster: Pick<Poster, 'post'>,
    private readonly now: () => number,
  ) {}

  /** @returns the status of the answer. @throws NotDelivered */
  send(target: Target, { id, event, trace }: Message, signal: AbortSignal): Promise<number> {
    return this.post(target, { id, body: bodyOf(event), trace }, signal);
  }

  /** As {@link send}, of what is no event. */
  async post(
    target: Target,
    { id, body, trace }: { id: string; body: string; trace?: string | undefined },
    signal: AbortSignal,
  ): Promise<number> {
    const headers = {
      'content-type': 'application/json',
      'user-agent': `atome-sync/${VERSION}`,
      ...(trace !== undefined && { traceparent: trace }),
      ...signedHeaders({ id, seconds: Math.floor(this.now() / 1_000), body }, target.secrets),
    };
    let answer;
    try {
      answer = await this.poster.post(target.url, headers, body, signal);
    } catch (error) {
      throw new NotDelivered(reasonOf(error));
    }
    const { status, retryAfter } = answer;
    if (status >= 200 && status < 300) return status;
    const why = status >= 300 && status < 400 ? ', and redirections are not followed: change the URL' : '';
    throw new NotDelivered(`the receiver has answered ${status}${why}`, status, msOf(retryAfter, this.now()));
  }
}

/** Where a name has several addresses, the error has no message, and those of the addresses have. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, errors: [first] = [], code } = error as NodeJS.ErrnoException & { errors?: readonly unknown[] };
  return message || (first instanceof Error && first.message) || (code ?? error.name);
}

/** An event as JSON; of one that is too large, what it takes to read it. */
function bodyOf(event: TenantEvent): string {
  const { type, seq, tenant } = event;
  const timestamp = 'timestamp' in event ? event.timestamp : '';
  const head = JSON.stringify({ type, timestamp });
  const body = `${head.slice(0, -1)},"data":${textWithAtome(event)}}`;
  if (Buffer.byteLength(body) <= MOST_BODY_BYTES) return body;
  const atome = 'atome' in event ? event.atome : undefined;
  const atomeId = 'atomeId' in event ? event.atomeId : atome?.id;
  const data = { type, tenant, seq, timestamp, atomeId, kind: atome?.kind, version: atome?.version, truncated: true };
  return JSON.stringify({ type, timestamp, data } satisfies Payload);
}

/** Seconds, or a date. */
function msOf(retryAfter: string | undefined, now: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
