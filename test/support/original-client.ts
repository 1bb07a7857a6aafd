import { TestSocket } from './clients/socket.js';

/** What the original client makes of an answer. */
export interface Told {
  readonly ok: boolean;
  readonly status: number;
  readonly success?: boolean;
  readonly error?: string;
  readonly token?: string;
  // what a test expects of it is the test's business
  readonly [field: string]: unknown;
}

/** One server as the original client calls it: `Content-Type` with every call, a bearer token, and no `X-Client-Id`. */
export class OriginalAdapter {
  constructor(
    readonly url: string,
    public token?: string,
  ) {}

  async call(method: string, path: string, body?: object, skipAuth = false): Promise<Told> {
    const headers: Record<string, string> = { 'Content-Type': 'application/json' };
    if (this.token !== undefined && !skipAuth) headers.Authorization = `Bearer ${this.token}`;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    const data = (await response.json()) as Told;
    if (data.token) this.token = data.token;
    return { ...data, ok: response.ok, status: response.status };
  }
}

/** A client of the original system: each change by REST, then its event over the socket for all others. */
export class OriginalClient {
  private constructor(
    readonly rest: OriginalAdapter,
    readonly socket: TestSocket,
    private readonly clientId: string,
  ) {}

  static async connect(url: string, wsUrl: string, token?: string): Promise<OriginalClient> {
    const socket = await TestSocket.connect(wsUrl);
    if (token !== undefined) socket.send({ type: 'auth', token });
    const { clientId } = await socket.next('welcome');
    if (token !== undefined) await socket.next('auth:success');
    return new OriginalClient(new OriginalAdapter(url, token), socket, clientId);
  }

  async create(atome: { kind: string; type?: string; data: object; id?: string }): Promise<Told> {
    const body = { type: 'generic', meta: {}, parentId: null, logicalClock: 1, deviceId: 'device_1_x', ...atome };
    const told = await this.rest.call('POST', '/api/atome/create', body);
    if (told.success) this.broadcast({ type: 'atome:created', atome: told.atome });
    return told;
  }

  async alter(id: string, { operation, changes }: { operation: string; changes: object }): Promise<Told> {
    const alteration = { operation, changes, reason: '', deviceId: 'device_1_x', timestamp: new Date().toISOString() };
    const told = await this.rest.call('POST', `/api/atome/${id}/alter`, alteration);
    if (told.success) this.broadcast({ type: 'atome:altered', atomeId: id, alteration, atome: told.atome });
    return told;
  }

  update(id: string, fields: object): Promise<Told> {
    return this.rest.call('PUT', `/api/atome/${id}`, fields);
  }

  async rename(id: string, newName: string): Promise<Told> {
    const told = await this.rest.call('POST', `/api/atome/${id}/rename`, { newName });
    const alteration = { operation: 'rename', newName };
    if (told.success) this.broadcast({ type: 'atome:altered', atomeId: id, alteration, atome: told.atome });
    return told;
  }

  async delete(id: string, options: object = {}): Promise<Told> {
    const told = await this.rest.call('DELETE', `/api/atome/${id}`, options);
    if (told.success) this.broadcast({ type: 'atome:deleted', atomeId: id });
    return told;
  }

  restore(id: string, version: number): Promise<Told> {
    return this.rest.call('POST', `/api/atome/${id}/restore`, { version, reason: 'Reverting' });
  }

  /** What the original client sends after a call. */
  broadcast(event: object): void {
    this.socket.send({ ...event, clientId: this.clientId, timestamp: new Date().toISOString() });
  }

  /** The events heard so far, as names. */
  heard(): string[] {
    return this.socket.received.map(({ type }) => type).filter((type) => type.startsWith('atome:'));
  }
}

/** What `syncNow` of the original client does between its local server and the cloud. */
export async function syncNow(local: OriginalAdapter, cloud: OriginalAdapter, since: string | null) {
  let pushed = 0;
  let pulled = 0;
  const conflicts: unknown[] = [];
  const pending = await local.call('GET', '/api/atome/sync/pull');
  const mine = pending.atomes as unknown[];
  if (pending.success && mine.length > 0) {
    const sent = await cloud.call('POST', '/api/sync/push', { atomes: mine });
    if (!sent.success) throw new Error(sent.error);
    pushed = (sent.synced as number) || mine.length;
    const ids = sent.syncedIds as string[];
    if (ids.length > 0) await local.call('POST', '/api/atome/sync/ack', { ids });
    conflicts.push(...(sent.conflicts as unknown[]));
  }
  const query = since === null ? '' : `?${new URLSearchParams({ since }).toString()}`;
  const changes = await cloud.call('GET', `/api/sync/pull${query}`);
  const theirs = changes.atomes as unknown[];
  if (changes.success && theirs.length > 0) {
    const taken = await local.call('POST', '/api/atome/sync/push', { atomes: theirs });
    if (!taken.success) throw new Error(taken.error);
    pulled = (taken.synced as number) || theirs.length;
    conflicts.push(...(taken.conflicts as unknown[]));
  }
  return { pushed, pulled, conflicts, syncedAt: new Date().toISOString() };
}
