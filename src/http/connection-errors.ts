import { maxHeaderSize, STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AtomeError, type ErrorCode } from '../protocol/index.js';
import type { LimitedLog } from './limited-log.js';
import { REQUEST_ID } from './request-id.js';
import { PROBLEM_JSON, retryAfterOf, toProblem } from './problem.js';

/** An error as an answer, with a status of HTTP's own. */
export interface Refusal {
  readonly status: number;
  readonly error: AtomeError;
  /** Path that was asked for; left out where it is not known. */
  readonly instance?: string;
  /** What the request is called; left out where none has come. */
  readonly requestId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal as it goes out on a connection, which ends with it. */
export interface RenderedRefusal {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/**
 * Answers what is no HTTP, too long, or late as every other refusal is answered, and closes the connection. At most one
 * answer goes out on a connection, and none where another is under way.
 */
export function connectionErrors(log: LimitedLog): (error: NodeJS.ErrnoException, socket: Socket) => void {
  const answered = new WeakSet<Socket>();
  return (error, socket) => {
    if (answered.has(socket)) return;
    answered.add(socket);
    const response = answerUnderWay(socket);
    if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent) return void socket.destroy();
    const refusal = refusalOf(error.code ?? '');
    log.warn(String(refusal.status), `a request was refused with ${refusal.status}: ${refusal.error.message}`);
    if (!response) return writeAnswer(socket, refusal);
    // the fault is behind a whole request, which gets its own answer as the last one
    if (response.req.complete) response.shouldKeepAlive = false;
    else sendAnswer(response, refusal);
  };
}

/** Answers an `Expect` that is not understood (RFC 9110 §15.5.18), for the event `checkExpectation` of the server. */
export function refuseExpectation(_request: unknown, response: ServerResponse): void {
  sendAnswer(response, refusal(417, 'invalid', 'only Expect: 100-continue can be fulfilled; send the request without'));
}

/** Answers CONNECT, with which a client would be led on to another server (RFC 9110 §9.3.6), for the event of that name. */
export function refuseConnect(_request: unknown, socket: Socket): void {
  // Node has taken its own listener off, and a fault without one ends the process
  socket.on('error', () => socket.destroy());
  const message = 'CONNECT is not possible here: the server leads on to no other; ask it for what it has itself';
  writeAnswer(socket, {
    ...refusal(405, 'method_not_allowed', message),
    headers: { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' },
  });
}

/** Where Node keeps the answer that is under way; its own handler of these errors looks there, too. */
export function answerUnderWay(socket: Socket): ServerResponse | undefined {
  return (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

function refusalOf(cause: string): Refusal {
  switch (cause) {
    case 'HPE_HEADER_OVERFLOW':
      return refusal(431, 'too_large', `the address and the headers have more than ${maxHeaderSize} bytes; send less`);
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refusal(413, 'too_large', 'the chunks of the body have too many extensions; send them without');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refusal(408, 'unavailable', 'the request did not arrive in time; send it again');
    default:
      return refusal(400, 'invalid', `the request is not HTTP/1.1 as RFC 9112 has it (${cause}); correct the client`);
  }
}

function refusal(status: number, code: ErrorCode, message: string): Refusal {
  return { status, error: new AtomeError(code, message) };
}

/** Renders a refusal as a problem. Where the path is not known, `instance` is empty: a reference to the same address. */
export function renderRefusal({ status, error, instance = '', requestId, headers }: Refusal): RenderedRefusal {
  const body = JSON.stringify({ ...toProblem(error, instance, requestId), title: STATUS_CODES[status], status });
  const wait = retryAfterOf(error);
  return {
    status,
    headers: {
      'Content-Type': PROBLEM_JSON,
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
      Vary: 'Authorization',
      'X-Content-Type-Options': 'nosniff',
      ...(wait !== undefined && { 'Retry-After': wait }),
      ...(requestId !== undefined && { [REQUEST_ID]: requestId }),
      Connection: 'close',
      ...headers,
    },
    body,
  };
}

function sendAnswer(response: ServerResponse, refusal: Refusal): void {
  const { status, headers, body } = renderRefusal(refusal);
  response.writeHead(status, headers).end(body);
}

/** Answers on a connection that nobody else answers on, and closes it. */
export function writeAnswer(socket: Socket, refusal: Refusal): void {
  const { status, headers, body } = renderRefusal(refusal);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]!}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
