import type { Atome } from '../../../src/protocol/index.js';
import { codeOfStatus, SyncError } from '../errors.js';

/** Which atomes a client holds. What leaves it leaves the store. */
export interface Subscription {
  readonly kinds?: readonly string[] | undefined;
  readonly ids?: readonly string[] | undefined;
  /** null: those without a parent. */
  readonly parentId?: string | null | undefined;
}

/** All atomes as of one place in the ledger. */
export interface Snapshot {
  readonly epoch: string;
  readonly seq: number;
  readonly hash: string;
  readonly atomes: readonly Atome[];
}

/** What a snapshot is asked with. */
export interface SnapshotRequest {
  readonly fetch: typeof globalThis.fetch;
  /** Base URL, without a slash at its end. */
  readonly api: string;
  readonly token: string | undefined;
  readonly subscription: Subscription;
  readonly signal: AbortSignal;
}

/**
 * Takes a snapshot of what is subscribed to, and makes sure by its trailer that it is whole.
 * @throws SyncError with the server's reason, or `internal` when it is cut off or damaged.
 */
export async function takeSnapshot({ fetch, api, token, subscription, signal }: SnapshotRequest): Promise<Snapshot> {
  const { kinds, ids, parentId } = subscription;
  const query = kinds ? `?kinds=${kinds.map(encodeURIComponent).join(',')}` : '';
  const response = await fetch(`${api}/sync/snapshot${query}`, {
    headers: token ? { authorization: `Bearer ${token}` } : {},
    signal,
  });
  const text = await response.text();
  if (!response.ok) throw new SyncError(codeOfStatus(response.status), `no snapshot: ${text}`);
  const [header, ...lines] = text.split('\n');
  const [trailer = '', rest] = lines.splice(-2);
  // cut off anywhere, it does not end with the whole line of its trailer
  const { count, digest } = (rest === '' ? JSON.parse(trailer) : {}) as { count?: unknown; digest?: unknown };
  const body = text.slice(header!.length + 1, -trailer.length - 1);
  if (count !== lines.length || digest !== ((await sha256(body)) ?? digest)) {
    throw new SyncError('internal', 'the snapshot is not whole; it is taken again');
  }
  const wanted = ids && new Set(ids);
  const atomes = lines
    .map((line) => JSON.parse(line) as Atome)
    .filter((each) => (!wanted || wanted.has(each.id)) && (parentId === undefined || each.parentId === parentId));
  return { ...(JSON.parse(header!) as Omit<Snapshot, 'atomes'>), atomes };
}

/** undefined on pages that are not a secure context: there the count has to do. */
async function sha256(text: string): Promise<string | undefined> {
  const { subtle } = crypto as Partial<Crypto>;
  if (!subtle) return undefined;
  const bytes = new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
