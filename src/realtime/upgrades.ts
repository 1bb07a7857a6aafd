import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocketServer } from 'ws';
import { answerUnderWay, writeAnswer } from '../http/connection-errors.js';
import { pathOf } from '../http/problem.filter.js';
import { upgradeTakers } from '../http/upgrade-observers.js';
import { AtomeError } from '../protocol/index.js';

/** The event `upgrade` of a server of HTTP. */
export type UpgradeListener = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

/** How long another listener may take with an upgrade before it counts as ignored, in milliseconds. */
const IGNORED_MS = 10_000;

/**
 * Takes the WebSockets of some paths. What else wants an upgrade is left to the other listeners of the server; what none
 * of them takes gets the answer of HTTP/1.1, for nobody has to heed an `Upgrade` (RFC 9110 §7.8).
 * @param at finds who serves a path.
 */
export function takeUpgrades(
  server: Server,
  at: (path: string) => WebSocketServer | undefined,
  ignoredMs = IGNORED_MS,
): UpgradeListener {
  return (request, socket, head) => {
    const ours = isWebSocket(request) ? at(pathnameOf(request)) : undefined;
    if (ours) return ours.handleUpgrade(request, socket, head, (ws) => ours.emit('connection', ws, request));
    const answer = (): void => answerUntaken(server, { request, socket, head });
    // asked each time: others may come and go
    if (upgradeTakers(server) === 1) answer();
    else answerIfIgnored(socket, answer, ignoredMs);
  };
}

/** Another listener may ask somebody first, so that only time tells whether it takes the upgrade. */
function answerIfIgnored(socket: Socket, answer: () => void, ignoredMs: number): void {
  const { bytesWritten } = socket;
  const timer = setTimeout(() => {
    // Node has stopped reading; whoever takes the connection reads from it or writes to it
    const isTaken = socket.bytesWritten > bytesWritten || socket.readableFlowing !== null;
    if (!isTaken && !socket.destroyed) answer();
  }, ignoredMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

function answerUntaken(server: Server, upgrade: Upgrade): void {
  const { request, socket } = upgrade;
  const underWay = answerUnderWay(socket);
  if (underWay) return endAfter(underWay, socket);
  if (isWebSocket(request)) refuseUnknownPath(request, socket);
  else answerWithoutUpgrade(server, upgrade);
}

function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

const NO_SOCKET_HERE =
  'there is no WebSocket at this address; correct the path (wsPath in an application, /ws/atome-sync unless it says otherwise)';

function pathnameOf({ url = '/' }: IncomingMessage): string {
  return URL.canParse(url, 'ws://localhost') ? new URL(url, 'ws://localhost').pathname : url;
}

/** It was sent before the answer to the request before it, which is the last one of the connection. */
function endAfter(answer: NodeJS.EventEmitter, socket: Socket): void {
  closeOnError(socket);
  answer.once('finish', () => socket.destroySoon());
}

function refuseUnknownPath({ url }: IncomingMessage, socket: Socket): void {
  closeOnError(socket);
  writeAnswer(socket, { status: 404, error: new AtomeError('not_found', NO_SOCKET_HERE), instance: pathOf(url!) });
}

/** Node has taken its own listener off, and a fault without one ends the process. */
function closeOnError(socket: Socket): void {
  socket.on('error', () => socket.destroy());
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

/** Gives the connection back to the server, with the request at its start as it is without the upgrade. */
function answerWithoutUpgrade(server: Server, { request, socket, head }: Upgrade): void {
  socket.unshift(Buffer.concat([Buffer.from(headWithoutUpgrade(request), 'latin1'), head]));
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket);
}

/** `HTTP2-Settings` belongs to the upgrade to h2c (RFC 7540 §3.2.1). */
const OF_UPGRADE = new Set(['upgrade', 'http2-settings']);

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    const lower = name.toLowerCase();
    if (OF_UPGRADE.has(lower)) continue;
    const value = rawHeaders[i + 1]!;
    lines.push(`${name}: ${lower === 'connection' ? withoutUpgrade(value) : value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !OF_UPGRADE.has(option.toLowerCase())).join(', ');
}
