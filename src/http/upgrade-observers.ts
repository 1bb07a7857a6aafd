import type { IncomingMessage, Server } from 'node:http';

type Observer = (request: IncomingMessage) => void;

const observers = new WeakSet<object>();

/** Hears of each upgrade without taking any: it does not count among those who may. */
export function observeUpgrades(server: Server, observer: Observer): void {
  observers.add(observer);
  server.on('upgrade', observer);
}

/** How many listeners of a server may take an upgrade. */
export function upgradeTakers(server: Server): number {
  return server.listeners('upgrade').filter((listener) => !observers.has(listener)).length;
}
