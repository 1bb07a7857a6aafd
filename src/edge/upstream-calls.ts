import type { Ack, Atome, Nack } from '../protocol/index.js';
import type { UpstreamAtome } from './shown.js';

/** How long a call may take, in milliseconds. */
const CALL_MS = 60_000;

/** Where a snapshot stands. */
export interface SnapshotHead {
  readonly epoch: string;
  readonly seq: number;
  readonly hash: string;
  readonly rights: string;
}

/** Upstream does not answer as it should: it is asked again later. */
export class UpstreamFault extends Error {
  /** @param retryAfterMs when it wants to be asked again. */
  constructor(
    message: string,
    readonly status = 0,
    readonly retryAfterMs = 0,
  ) {
    super(message);
  }
}

interface Call {
  readonly body?: string;
  /** Statuses that are answers as well. */
  readonly also?: readonly number[];
}

/** What is asked of upstream by HTTP. */
export class UpstreamCalls {
  /** Ends what is asked: with the connection beside which it is. */
  signal: AbortSignal = new AbortController().signal;

  /** @param url of its WebSocket. */
  constructor(
    private readonly url: string,
    private readonly token: () => string | undefined,
  ) {}

  /** Pushes writes. @returns what came of each, in their order. */
  async push(operations: readonly object[]): Promise<readonly (Ack | Nack)[]> {
    const answer = await this.call('POST', 'sync/push', { body: JSON.stringify({ operations }) });
    return ((await answer.json()) as { results: (Ack | Nack)[] }).results;
  }

  /** Erases an atome for good; one that is not there is erased. @returns why not. */
  async erase(id: string): Promise<{ readonly code: string; readonly message: string } | undefined> {
    const answer = await this.call('POST', `atome/${encodeURIComponent(id)}/erase`, {
      body: '{}',
      also: [403, 404, 410],
    });
    return answer.status === 403 ? { code: 'forbidden', message: await messageOf(answer) } : undefined;
  }

  /** An atome as of a seq. */
  async atomeAt(id: string, seq: number): Promise<UpstreamAtome> {
    const answer = await this.call('GET', `atome/${encodeURIComponent(id)}?at=${seq}`, { also: [404, 410] });
    const { atome, code, redacted } = (await answer.json()) as { atome?: Atome; code?: string; redacted?: true };
    if (atome) return atome;
    // whoever else answers on the way there knows of no atomes
    if (code !== 'not_found' && code !== 'gone')
      throw new UpstreamFault(`GET of ${id}: ${answer.status}`, answer.status);
    return redacted ? 'erased' : 'none';
  }

  /** All that may be read, in pieces. @param take may take its time. */
  async snapshot(take: (atomes: readonly Atome[], head: SnapshotHead) => Promise<void>): Promise<SnapshotHead> {
    const answer = await this.call('GET', 'sync/snapshot');
    let head: SnapshotHead | undefined;
    let count: number | undefined;
    let piece: Atome[] = [];
    let taken = 0;
    for await (const line of linesOf(answer)) {
      const parsed = JSON.parse(line) as Partial<Atome> & Partial<SnapshotHead> & { count?: number };
      if (!head) head = parsed as SnapshotHead;
      else if (parsed.id === undefined) count = parsed.count;
      else if (piece.push(parsed as Atome) === PIECE) {
        taken += piece.length;
        await take(piece, head);
        piece = [];
      }
    }
    if (!head || count !== taken + piece.length) throw new UpstreamFault('the snapshot ends before its end');
    await take(piece, head);
    return head;
  }

  private async call(method: string, path: string, { body, also = [] }: Call = {}): Promise<Response> {
    const token = this.token();
    const headers = {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    const address = new URL(`/api/${path}`, this.url.replace(/^ws/, 'http'));
    // a snapshot takes as long as it takes
    const bounds = path === 'sync/snapshot' ? [] : [AbortSignal.timeout(CALL_MS)];
    const both = AbortSignal.any([this.signal, ...bounds]);
    const answer = await fetch(address, { method, headers, signal: both, ...(body !== undefined && { body }) });
    if (answer.ok || also.includes(answer.status)) return answer;
    const retryAfter = Number(answer.headers.get('retry-after') ?? 0) * 1_000 || 0;
    throw new UpstreamFault(`${method} ${path}: ${await messageOf(answer)}`, answer.status, retryAfter);
  }
}

/** How many atomes of a snapshot are taken together. */
const PIECE = 200;

async function* linesOf({ body }: Response): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  // Node's stream of the web can be iterated
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
}

async function messageOf(answer: Response): Promise<string> {
  const text = await answer.text().catch(() => '');
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string };
    return detail ?? title ?? `it answers ${answer.status}`;
  } catch {
    return `it answers ${answer.status}`;
  }
}
