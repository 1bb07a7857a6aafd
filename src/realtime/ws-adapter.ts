import type { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { WsAdapter } from '@nestjs/platform-ws';
import { Logger } from '@nestjs/common';
import type { WebSocketServer } from 'ws';
import { LimitedLog } from '../http/limited-log.js';
import { takeUpgrades, type UpgradeListener } from './upgrades.js';

type Bind = WsAdapter['bindMessageHandlers'];

/**
 * Nest's adapter for `ws`, without the second decoding of every message that it does for gateways with
 * handlers: ours reads its messages itself. It answers what wants another upgrade than ours, where Nest's closes the
 * connection.
 */
export class AtomeWsAdapter extends WsAdapter {
  private readonly socketLogger = new Logger('WebSocket');

  private readonly refusals = new LimitedLog(this.socketLogger);

  private readonly upgrades = new Map<Server, UpgradeListener>();

  /** Nest calls it for each connection; only gateways with handlers have their messages decoded by Nest. */
  override bindMessageHandlers(...[client, handlers, transform]: Parameters<Bind>): void {
    if (handlers.length > 0) super.bindMessageHandlers(client, handlers, transform);
  }

  /** A client's broken frame is the client's fault, not an error of the server. */
  override bindErrorHandler<T extends EventEmitter>(server: T): T {
    server.on('connection', (socket: EventEmitter) => {
      socket.on('error', (error: Error) => this.socketLogger.debug(error.message));
    });
    server.on('error', (error) => this.socketLogger.error(error));
    return server;
  }

  /** In the place of Nest's listener comes ours, which knows of the others. */
  protected override ensureHttpServerExists(port: number, given?: Server): Server | undefined {
    const others = new Set(given?.listeners('upgrade'));
    const server = super.ensureHttpServerExists(port, given);
    if (!server) return undefined;
    for (const listener of server.listeners('upgrade')) {
      if (!others.has(listener)) server.off('upgrade', listener as UpgradeListener);
    }
    const upgrades = takeUpgrades(server, (path) => this.serverAt(port, path), this.refusals);
    server.on('upgrade', upgrades);
    this.upgrades.set(server, upgrades);
    return server;
  }

  /** Nest calls it at the end: lets go of the servers' upgrades, and closes its WebSocket servers. */
  override async dispose(): Promise<void> {
    for (const [server, upgrades] of this.upgrades) server.off('upgrade', upgrades);
    this.upgrades.clear();
    await super.dispose();
  }

  private serverAt(port: number, path: string): WebSocketServer | undefined {
    const servers = (this.wsServersRegistry.get(port) ?? []) as (WebSocketServer & { path: string })[];
    return servers.find((each) => each.path === path);
  }
}
