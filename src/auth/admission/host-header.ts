import type { IncomingMessage } from 'node:http';
import { AtomeError } from '../../protocol/index.js';

/** Why a request is refused that does not name exactly one host (RFC 9112 §3.2); one of HTTP/1.0 may name none. */
export function hostRefusal(request: IncomingMessage): AtomeError | undefined {
  const hosts = countHosts(request);
  if (hosts > 1) return new AtomeError('invalid', 'the request names several hosts; send one header Host');
  const isNameless = hosts === 0 && request.httpVersion !== '1.0';
  return isNameless ? new AtomeError('invalid', 'the request names no host; send the header Host') : undefined;
}

/** Node keeps the first of several as the header. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}
