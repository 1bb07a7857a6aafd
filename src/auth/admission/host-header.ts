import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { AtomeError } from '../../protocol/index.js';

/** What tells under which name a server was asked. */
export type HostClaims = Pick<IncomingMessage, 'rawHeaders' | 'headers' | 'httpVersion' | 'url'>;

/**
 * Why a request is refused that does not name exactly one host (RFC 9112 §3.2): two parts of a chain of servers would judge
 * it by two names. One of HTTP/1.0 may name none.
 */
export function hostRefusal(request: HostClaims): AtomeError | undefined {
  const hosts = countHosts(request);
  if (hosts > 1) return new AtomeError('invalid', 'the request names several hosts; send one header Host');
  if (hosts === 0) {
    if (request.httpVersion === '1.0') return undefined;
    return new AtomeError('invalid', 'the request names no host; send the header Host');
  }
  const named = authorityOf(request.url ?? '');
  if (named === undefined || named === hostOf(request.headers)?.toLowerCase()) return undefined;
  return new AtomeError('invalid', 'the address names another host than the header Host; send the same in both');
}

/** The name of HTTP/2 for it (RFC 9113 §8.3.1). */
const AUTHORITY = ':authority';

/** Under which name a server was asked. */
export function hostOf(headers: IncomingHttpHeaders): string | undefined {
  return headers.host ?? (headers[AUTHORITY] as string | undefined);
}

/** Node keeps the first of several as the header. */
function countHosts({ rawHeaders }: HostClaims): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name === AUTHORITY || (name.length === 4 && name.toLowerCase() === 'host')) count += 1;
  }
  return count;
}

/** What a whole address names before its path; undefined for a path alone, which nearly all send. */
function authorityOf(url: string): string | undefined {
  if (url.startsWith('/')) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1]!.toLowerCase();
}
