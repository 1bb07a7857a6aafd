import { WS_PATH } from '../../src/protocol/version.js';
import { SyncError } from './errors.js';

const LOCAL = 'http://127.0.0.1:3001';

/**
 * URL of the WebSocket, from one of the server: `http(s)` or `ws(s)`, with the path of the WebSocket, with a prefix
 * under which the server is mounted, or bare. Without one: the page's origin, or 127.0.0.1:3001 outside a page.
 * @throws SyncError `invalid` for anything else.
 */
export function socketUrl(url?: string): string {
  const { protocol, host, path, search } = parse(url);
  const prefix = prefixOf(protocol, path);
  return `${protocol.replace('http', 'ws')}//${host}${prefix === undefined ? path : prefix + WS_PATH}${search}`;
}

/**
 * Base of the REST calls, without a slash at its end, from the same URL.
 * @throws SyncError as {@link socketUrl}.
 */
export function apiUrl(url?: string): string {
  const { protocol, host, path } = parse(url);
  return `${protocol.replace('ws', 'http')}//${host}${prefixOf(protocol, path) ?? ''}/api`;
}

/** Where the server is mounted; undefined for a WebSocket path of its own, which tells nothing about it. */
function prefixOf(protocol: string, path: string): string | undefined {
  if (path.endsWith(WS_PATH)) return path.slice(0, -WS_PATH.length);
  return protocol.startsWith('http') || path === '' ? path : undefined;
}

function parse(url: string | undefined): Pick<URL, 'protocol' | 'host' | 'search'> & { readonly path: string } {
  const page = (globalThis as { location?: Location }).location?.origin;
  const base = page?.startsWith('http') ? page : LOCAL;
  const { protocol, host, pathname, search } = URL.canParse(url ?? '', base) ? new URL(url ?? '', base) : NO_URL;
  if (/^(https?|wss?):$/.test(protocol)) return { protocol, host, search, path: pathname.replace(/\/+$/, '') };
  throw new SyncError('invalid', `"${url}" is no URL of a server; one looks like ${LOCAL}`);
}

const NO_URL = { protocol: '', host: '', pathname: '', search: '' };
