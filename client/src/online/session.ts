import type { WholeMessage, Welcome } from '../../../src/protocol/index.js';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.js';
import { createConnection, type Connection, type ConnectionPort } from '../connection/connection.js';
import { isTrying, isUp, type State } from '../connection/state.js';
import { onWake } from '../connection/wake.js';
import { apiUrl } from '../core/api-url.js';
import { socketUrl } from '../core/endpoints.js';
import { SyncError } from '../core/errors.js';
import { createEmitter } from '../core/emitter.js';
import type { OtherMessage } from '../core/event-map.js';
import { emitEvent } from '../core/emit-event.js';
import { follow, type Following } from '../core/ledger-follower.js';
import type { Filter, Settings, TokenSource } from '../core/options.js';
import { OwnWrites } from './own-writes.js';

/** Up to where everything is known, and of which ledger. */
export interface Cursor {
  /** Which ledger: another one after it was made anew or restored. */
  readonly epoch: string;
  /** The number of the last alteration that is known. */
  readonly seq: number;
  /** Chain hash at `seq`, by which the server notices that its ledger is no longer the one we know. */
  readonly hash?: string;
}

/** Where to connect to, and as whom; what is not named stays as it was. */
export interface Target {
  /** The server: `ws(s)://` or `http(s)://`. Default: the page's origin, else `http://127.0.0.1:3001`. */
  readonly url?: string | undefined;
  /** A token, or a function that gets one. */
  readonly token?: TokenSource | undefined;
}

/** One client's dealings with one server: its connection, its place in the ledger, its listeners. */
export class OnlineSession implements ConnectionPort {
  readonly events = createEmitter();
  readonly own = new OwnWrites();
  readonly connection: Connection;
  private following: Following = {};
  private target: Target;
  private unbind: (() => void) | undefined;
  private name: string | null = null;
  private waiters: ((connected: boolean) => void)[] = [];
  /** The newest protocol that was met. */
  private protocol = PROTOCOL_VERSION;

  constructor(
    settings: Settings,
    private readonly filter: Filter = {},
  ) {
    socketUrl(settings.url);
    this.target = { url: settings.url, token: settings.token };
    this.connection = createConnection(settings, this);
  }

  /** Base of the REST calls, without a slash at its end. */
  api(): string {
    return apiUrl(this.target.url);
  }

  get up(): boolean {
    return isUp(this.connection.state);
  }

  /** Up to where everything has been heard; null before the first connection. */
  get cursor(): Cursor | null {
    const { cursor } = this.following;
    if (!cursor) return null;
    const { rights: _, ...known } = cursor;
    return known;
  }

  /** The name that the server has given to this connection, while it is up. */
  get clientId(): string | null {
    return this.up ? this.name : null;
  }

  /** @returns true once connected; false when the attempt failed, after which it goes on trying by itself. */
  async connect(target: Target): Promise<boolean> {
    const { url = this.target.url, token = this.target.token } = target;
    socketUrl(url);
    if (url !== this.target.url || token !== this.target.token) this.disconnect();
    this.target = { url, token };
    this.unbind ??= onWake(
      () => this.connection.wake(),
      () => this.connection.lose(),
    );
    if (this.up) return true;
    return new Promise((resolve) => {
      this.waiters.push(resolve);
      this.connection.connect();
    });
  }

  disconnect(): void {
    this.unbind?.();
    this.unbind = undefined;
    this.connection.disconnect();
  }

  /** @returns false when not connected. */
  send(message: object): boolean {
    const { opId } = message as { opId?: unknown };
    if (typeof opId === 'string' && this.up) this.own.add(opId, message);
    return this.connection.send(message);
  }

  url(): string {
    return socketUrl(this.target.url);
  }

  renewable(): boolean {
    return typeof this.target.token === 'function';
  }

  async token(renew: boolean): Promise<string | undefined> {
    const { token } = this.target;
    return (typeof token === 'function' ? await token({ renew }) : token) ?? undefined;
  }

  subscription(): object {
    const { epoch, seq: since, hash } = this.following.cursor ?? {};
    return { type: 'subscribe', epoch, since, hash, ...this.filter };
  }

  connected({ clientId, serverTime, protocol }: Welcome): void {
    this.name = clientId;
    this.own.addClient(clientId);
    if (protocol > this.protocol) {
      this.protocol = protocol;
      const advice = `the server speaks protocol ${protocol}, this client ${PROTOCOL_VERSION}: update @atome-sync/client`;
      this.failed(new SyncError('outdated', advice));
    }
    this.events.emit('sync:connected', { clientId, serverTime });
  }

  disconnected(code: number, reason: string): void {
    this.events.emit('sync:disconnected', { code, reason });
  }

  changed(state: State): void {
    if (!isUp(state) && isTrying(state)) return;
    for (const resolve of this.waiters.splice(0)) resolve(isUp(state));
  }

  failed(error: Error): void {
    this.events.emit('sync:error', { error });
  }

  received(message: WholeMessage): void {
    switch (message.type) {
      case 'subscribed':
      case 'events':
      case 'sync:live':
      case 'sync:reset': {
        const { now, events = [], again } = follow(this.following, message);
        this.following = now;
        if (again) this.connection.resubscribe();
        if (message.type === 'sync:live') this.events.emit('sync:live', message);
        if (message.type === 'sync:reset') this.events.emit('sync:reset', message);
        for (const event of events) {
          const own = this.own.takes(event);
          emitEvent(this.events.emit, event, { own, pending: own });
        }
        return;
      }
      case 'nack': {
        const { opId, error } = message;
        return this.events.emit('sync:rejected', { operation: { ...this.own.take(opId), opId }, error });
      }
      default:
        this.events.emit('sync:message', message as unknown as OtherMessage);
    }
  }
}
