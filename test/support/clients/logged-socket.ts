import { MemoryNetwork } from '../../../client/src/connection/memory-transport.js';
import type { UnifiedOptions } from '../../../client/src/core/options.js';
import { createUnified, type UnifiedClient } from '../../../client/src/online/unified.js';

export const SERVER_URL = 'ws://server/ws/atome-sync';
export const WELCOME = { type: 'welcome', clientId: 'c1', serverTime: 't', protocol: 1, authRequired: false };
export const SUBSCRIBED = { type: 'subscribed', epoch: 'e', from: 5, head: 5 };

/** A connection whose events are written down with the second in which they came; each delay is the largest. */
export class LoggedSocket {
  readonly network = new MemoryNetwork();
  readonly socket: UnifiedClient['SyncWebSocket'];
  private readonly log: string[] = [];

  constructor(options: UnifiedOptions = {}) {
    const parts = { url: SERVER_URL, dial: this.network.dial, random: () => 1 };
    this.socket = createUnified({ ...parts, ...options }).SyncWebSocket;
    const note = (what: string): void => void this.log.push(`${Date.now() / 1_000} ${what}`);
    this.socket.on('sync:connected', ({ clientId }) => note(`connected ${clientId}`));
    this.socket.on('sync:disconnected', ({ code }) => note(`disconnected ${code}`));
    this.socket.on('sync:error', ({ error }) => {
      note(`${(error as { code?: string }).code ?? ''} ${error.message}`.trim());
    });
  }

  /** The server's side of a connection up to live. */
  accept(welcome: object = WELCOME): void {
    this.network.peer.send(welcome);
    this.network.peer.send(SUBSCRIBED);
  }

  /** What has happened since it was asked the last time. */
  take(): string[] {
    return this.log.splice(0);
  }
}
