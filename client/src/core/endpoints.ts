import { WS_PATH } from '../../../src/protocol/version.js';
import { SyncError } from './errors.js';

const LOCAL = 'http://127.0.0.1:3001';

/**
 * URL of the WebSocket, from one of the server: `http(s)` or `ws(s)`, with the path of the WebSocket, with a prefix
 * under which the server is mounted, or bare. Without one: the page's origin, or 127.0.0.1:3001 outside a page.
 * @throws SyncError `invalid` for anything else.
 */
export function socketUrl(url?: string): string {
  const { protocol, host, pathname, search } = parseUrl(url);
  const path = withoutSlash(pathname);
  const isOwn = path.endsWith(WS_PATH) || (path && protocol.startsWith('ws'));
  return `${protocol.replace('http', 'ws')}//${host}${path}${isOwn ? '' : WS_PATH}${search}`;
}

/** A path without slashes at its end. */
export function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

/** @throws SyncError as {@link socketUrl}. */
export function parseUrl(url = ''): URL {
  const page = (globalThis as { location?: Location }).location?.origin;
  const base = page?.startsWith('http') ? page : LOCAL;
  try {
    const parsed = new URL(url, base);
    if (/^(http|ws)s?:/.test(parsed.protocol)) return parsed;
  } catch {
    // told below
  }
  throw new SyncError('invalid', `"${url}" is no URL of a server; one looks like ${LOCAL}`);
}
