import type { IncomingMessage } from 'node:http';
import { addressOf } from '../auth/admission/client-address.js';
import type { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import { hostRefusal } from '../auth/admission/host-header.js';
import type { Perimeter } from '../auth/admission/perimeter.js';
import type { Refusal } from '../http/connection-errors.js';
import type { LimitedLog } from '../http/limited-log.js';
import { pathOf } from '../http/problem.filter.js';
import { requestIdOf } from '../http/request-id.js';
import { AtomeError } from '../protocol/index.js';

/** Headers of an answer that asks for the upgrade (RFC 9110 §15.5.22). */
export const UPGRADE_HEADERS = { Upgrade: 'websocket', Connection: 'close, Upgrade' } as const;

/** Decides which handshakes become a WebSocket. */
export class HandshakePolicy {
  constructor(
    private readonly perimeter: Perimeter,
    private readonly connectionLimiter: ConnectionLimiter,
    private readonly proxies: number,
    private readonly log: LimitedLog,
  ) {}

  /** Why a handshake gets no WebSocket; undefined when it gets one. */
  refusalOf(request: IncomingMessage): Refusal | undefined {
    const error = hostRefusal(request) ?? this.perimeter.refusalOfHandshake(request) ?? this.limitRefusal(request);
    return error && { status: error.status, error, ...namesOf(request) };
  }

  /** What is wrong with a request that is no handshake of RFC 6455, for `ws`, which says it in plain text. */
  faultOf(request: IncomingMessage): Refusal {
    const fault = { ...handshakeFault(request), ...namesOf(request) };
    this.log.warn(String(fault.status), `a WebSocket was refused with ${fault.status}: ${fault.error.message}`);
    return fault;
  }

  private limitRefusal(request: IncomingMessage): AtomeError | undefined {
    const address = addressOf(request, this.proxies);
    const refusal = this.connectionLimiter.refusal(address);
    if (refusal) this.log.warn(refusal.code, `a WebSocket of ${address} was refused: ${refusal.message}`);
    return refusal;
  }
}

/** The version of the protocol that a handshake must ask for (RFC 6455 §4.2.2). */
const VERSION = '13';

/** How an answer names its request. */
function namesOf(request: IncomingMessage): Pick<Refusal, 'instance' | 'requestId'> {
  return { instance: pathOf(request.url!), requestId: requestIdOf(request) };
}

function handshakeFault({ method, headers }: IncomingMessage): Refusal {
  if (method !== 'GET') {
    const message = `a WebSocket is opened with GET, not with ${method}`;
    return { status: 405, error: new AtomeError('method_not_allowed', message), headers: { Allow: 'GET' } };
  }
  if (!['8', VERSION].includes(headers['sec-websocket-version'] ?? '')) {
    const error = new AtomeError('invalid', `send Sec-WebSocket-Version: ${VERSION}, the only version there is`);
    return { status: 426, error, headers: { ...UPGRADE_HEADERS, 'Sec-WebSocket-Version': VERSION } };
  }
  const message =
    'this is no handshake of a WebSocket (RFC 6455 §4.1): correct Sec-WebSocket-Key (16 bytes as base64), Sec-WebSocket-Protocol or Sec-WebSocket-Extensions';
  return { status: 400, error: new AtomeError('invalid', message) };
}
