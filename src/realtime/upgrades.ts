import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocketServer } from 'ws';
import type { LimitedLog } from '../http/limited-log.js';
import { answerUnderWay, writeAnswer } from '../http/connection-errors.js';
import { pathOf } from '../http/problem.filter.js';
import { requestIdOf } from '../http/request-id.js';
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
 * @param log is told of WebSockets at a path that nobody serves.
 */
export function takeUpgrades(
  server: Server,
  at: (path: string) => WebSocketServer | undefined,
  log: Pick<LimitedLog, 'warn'>,
  ignoredMs = IGNORED_MS,
): UpgradeListener {
  return (request, socket, head) => {
    const ours = isWebSocket(request) ? at(pathnameOf(request)) : undefined;
    if (ours) return ours.handleUpgrade(request, socket, head, (ws) => ours.emit('connection', ws, request));
    const answer = (): void => answerUntaken(server, { request, socket, head }, log);
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

function answerUntaken(server: Server, upgrade: Upgrade, log: Pick<LimitedLog, 'warn'>): void {
  const { request, socket } = upgrade;
  const underWay = answerUnderWay(socket);
  if (underWay) return endAfter(underWay, socket);
  if (isWebSocket(request)) refuseUnknownPath(upgrade, log);
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

function refuseUnknownPath({ request, socket }: Upgrade, log: Pick<LimitedLog, 'warn'>): void {
  closeOnError(socket);
  const instance = pathOf(request.url!);
  // what a request says is quoted in part, and can end no line
  log.warn('path', `a WebSocket was refused with 404: ${NO_SOCKET_HERE} (${JSON.stringify(instance.slice(0, 200))})`);
  const error = new AtomeError('not_found', NO_SOCKET_HERE);
  writeAnswer(socket, { status: 404, error, instance, requestId: requestIdOf(request) });
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
