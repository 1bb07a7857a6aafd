import type { Filter, RangeFrame, ServerMessage, Welcome } from '../../../src/protocol/index.js';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.js';
import { createConnection, type Connection, type ConnectionPort } from '../connection/connection.js';
import { isTrying, isUp, type State } from '../connection/state.js';
import { onWake } from '../connection/wake.js';
import { apiUrl, socketUrl } from '../core/endpoints.js';
import { SyncError } from '../core/errors.js';
import { createEmitter } from '../core/emitter.js';
import type { OtherMessage } from '../core/event-map.js';
import { emitEvent } from '../core/emit-event.js';
import type { Settings, TokenSource } from '../core/options.js';
import { OwnWrites } from './own-writes.js';
import { RangeReader } from './range-reader.js';

/** Where to connect to, and as whom; what is not named stays as it was. */
export interface Target {
  readonly url?: string | undefined;
  readonly token?: TokenSource | undefined;
}

/** One client's dealings with one server: its connection, its place in the ledger, its listeners. */
export class OnlineSession implements ConnectionPort {
  readonly events = createEmitter();
  readonly own = new OwnWrites();
  readonly connection: Connection;
  readonly reader: RangeReader;
  private target: Target;
  private unbind: (() => void) | undefined;
  private name: string | null = null;
  private waiters: ((connected: boolean) => void)[] = [];
  /** The newest protocol that was met. */
  private protocol = PROTOCOL_VERSION;

  constructor(settings: Settings, filter: Filter = {}) {
    socketUrl(settings.url);
    this.target = { url: settings.url, token: settings.token };
    this.reader = new RangeReader(filter);
    this.connection = createConnection(settings, this);
  }

  /** Base of the REST calls, without a slash at its end. */
  api(): string {
    return apiUrl(this.target.url);
  }

  get up(): boolean {
    return isUp(this.connection.state);
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
    this.unbind ??= onWake(() => this.connection.wake());
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
    return this.reader.subscription();
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

  received(message: ServerMessage): void {
    switch (message.type) {
      case 'subscribed':
        return this.reader.subscribed(message);
      case 'events':
        return this.read(message);
      case 'sync:live':
        if (this.listening) this.events.emit('sync:live', message);
        return;
      case 'sync:reset':
        this.reader.reset(message);
        this.connection.resubscribe();
        return this.events.emit('sync:reset', message);
      case 'nack': {
        const { opId, error } = message;
        return this.events.emit('sync:rejected', { operation: { ...this.own.take(opId), opId }, error });
      }
      case 'error':
        return this.failed(new SyncError(message.code, message.message));
      case 'atome:created':
      case 'atome:updated':
      case 'atome:altered':
      case 'atome:deleted':
      case 'atome:left':
        // Sent before the server has read our subscription; the replay tells it again.
        return;
      default:
        this.events.emit('sync:message', message as unknown as OtherMessage);
    }
  }

  /** False while a subscription is being asked for: what still comes from an earlier one will be told again. */
  private get listening(): boolean {
    return this.connection.state.phase === 'connected';
  }

  private read(frame: RangeFrame): void {
    if (!this.listening) return;
    const events = this.reader.read(frame);
    if (!events) return this.connection.resubscribe();
    for (const event of events) {
      const own = this.own.takes(event);
      emitEvent(this.events, event, { own, pending: own });
    }
  }
}
