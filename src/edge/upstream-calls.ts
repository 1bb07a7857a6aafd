import type { Ack, Atome, Nack } from '../protocol/index.js';
import { MOST_BYTES, restOf, saidOf } from './bounds.js';
import type { ErasedAtome } from '../protocol/messages/answers.js';
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

/** A snapshot that was taken: where it stands, and whether what was erased was named in it. */
export type TakenSnapshot = SnapshotHead & { readonly hasErased: boolean };

/** Upstream does not answer as it should: it is asked again later. */
export class UpstreamFault extends Error {
  /** @param retryAfterMs when it wants to be asked again. */
  constructor(
    message: string,
    readonly status = 0,
    readonly retryAfterMs = 0,
    /** That of the problem it has answered; undefined: it has not, or somebody else has on the way there. */
    readonly code?: string,
  ) {
    super(message);
  }
}

interface AtomeBody {
  readonly atome?: Atome;
  readonly code?: string;
  readonly redacted?: true;
  readonly archivedTo?: number;
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
    const { results } = (await bodyOf(answer)) as { results?: (Ack | Nack)[] };
    if (!Array.isArray(results)) throw new UpstreamFault('POST sync/push: the answer has no results', answer.status);
    return results;
  }

  /** Erases an atome for good; one that is not there is erased. @returns why not. */
  async erase(id: string): Promise<{ readonly code: string; readonly message: string } | undefined> {
    const answer = await this.call('POST', `atome/${encodeURIComponent(id)}/erase`, {
      body: '{}',
      also: [403, 404, 410],
    });
    if (answer.ok) return undefined;
    const { code, message } = await problemOf(answer);
    if (code === 'not_found' || code === 'gone') return undefined;
    if (code === 'forbidden') return { code, message };
    // whoever else answers on the way there erases nothing
    throw new UpstreamFault(`erasure of ${id}: ${message}`, answer.status);
  }

  /** An atome as of a seq. */
  async atomeAt(id: string, seq: number): Promise<UpstreamAtome> {
    const atome = await this.atome(id, `?at=${seq}`);
    // the past of an erased one looks as if it was deleted: what it is now tells
    const isGone = typeof atome === 'object' && atome.deletedAt !== null;
    return isGone && (await this.atome(id)) === 'erased' ? 'erased' : atome;
  }

  private async atome(id: string, query = ''): Promise<UpstreamAtome> {
    const answer = await this.call('GET', `atome/${encodeURIComponent(id)}${query}`, { also: [404, 410] });
    const { atome, code, redacted, archivedTo } = (await bodyOf(answer)) as AtomeBody;
    if (atome) return atome;
    // of what is in an archive it is not told what it was: who asks is behind, and is told to begin anew
    if (archivedTo !== undefined) throw new UpstreamFault(`GET of ${id}: archived`, answer.status);
    // whoever else answers on the way there knows of no atomes
    if (code !== 'not_found' && code !== 'gone')
      throw new UpstreamFault(`GET of ${id}: ${answer.status}`, answer.status);
    return redacted ? 'erased' : 'none';
  }

  /** All that may be read, and what was erased, where upstream can tell that, in pieces. @param take may take its time. */
  async snapshot(
    take: (atomes: readonly (Atome | ErasedAtome)[], head: SnapshotHead) => Promise<void>,
  ): Promise<TakenSnapshot> {
    const asked = await this.call('GET', `${SNAPSHOT}?erased=true`, { also: [400] });
    const hasErased = asked.ok;
    // one that is older does not know the parameter
    if (!hasErased) await asked.body?.cancel();
    const answer = hasErased ? asked : await this.call('GET', SNAPSHOT);
    let head: SnapshotHead | undefined;
    let count: number | undefined;
    let piece: (Atome | ErasedAtome)[] = [];
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
    return { ...head, hasErased };
  }

  private async call(method: string, path: string, { body, also = [] }: Call = {}): Promise<Response> {
    const token = this.token();
    const headers = {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    const address = new URL(`/api/${path}`, this.url.replace(/^ws/, 'http'));
    // a snapshot takes as long as it takes
    const bounds = path.startsWith(SNAPSHOT) ? [] : [AbortSignal.timeout(CALL_MS)];
    const both = AbortSignal.any([this.signal, ...bounds]);
    // the token is for nobody else
    const bare = { method, headers, signal: both, redirect: 'error' } as const;
    const answer = await fetch(address, { ...bare, ...(body !== undefined && { body }) });
    if (answer.ok || also.includes(answer.status)) return answer;
    const retryAfter = restOf(Number(answer.headers.get('retry-after') ?? 0) * 1_000);
    const { code, message } = await problemOf(answer);
    throw new UpstreamFault(`${method} ${path}: ${message}`, answer.status, retryAfter, code);
  }
}

const SNAPSHOT = 'sync/snapshot';
/** How many atomes of a snapshot are taken together. */
const PIECE = 200;

async function* linesOf({ body }: Response): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  // Node's stream of the web can be iterated
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop()!;
    if (rest.length > MOST_BYTES) throw new UpstreamFault('a line of the snapshot is too long');
    yield* lines;
  }
}

/** @throws UpstreamFault for one that is too long, or no JSON. */
async function bodyOf({ body, status }: Response): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  // Node's stream of the web can be iterated
  for await (const piece of (body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new UpstreamFault('an answer is too long', status);
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString()) ?? {};
  } catch {
    throw new UpstreamFault(`it answers ${status} without JSON`, status);
  }
}

/** What it says where it refuses; without a code where that is no problem of ours. */
async function problemOf(answer: Response): Promise<{ readonly code?: string; readonly message: string }> {
  const body = (await bodyOf(answer).catch(() => ({}))) as { code?: unknown; detail?: string; title?: string };
  const message = saidOf(body.detail ?? body.title ?? `it answers ${answer.status}`);
  return { message, ...(typeof body.code === 'string' && { code: body.code }) };
}
