import { WS_PATH } from '../../src/protocol/version.js';
import { SyncError } from './errors.js';

/** The two doors of one server. */
export interface Endpoints {
  /** URL of the WebSocket. */
  readonly socket: string;
  /** Base of the REST calls, without a slash at its end. */
  readonly api: string;
}

const LOCAL = 'http://127.0.0.1:3001';

/**
 * Both doors from one URL: `http(s)` or `ws(s)`, with the path of the WebSocket, with a prefix under which
 * the server is mounted, or bare. Without a URL: the page's origin, or 127.0.0.1:3001 outside a page.
 * @throws SyncError `invalid` for anything else.
 */
export function endpoints(url?: string): Endpoints {
  const page = (globalThis as { location?: Location }).location;
  const origin = page?.origin.startsWith('http') ? page.origin : LOCAL;
  const { protocol, host, pathname, search } = parse(url ?? origin, origin);
  const secure = protocol === 'https:' || protocol === 'wss:';
  const path = pathname.replace(/\/+$/, '');
  const prefix = prefixOf(path, protocol.startsWith('http'));
  return {
    socket: `${secure ? 'wss' : 'ws'}://${host}${prefix === undefined ? path : prefix + WS_PATH}${search}`,
    api: `${secure ? 'https' : 'http'}://${host}${prefix ?? ''}/api`,
  };
}

/** Where the server is mounted; undefined for a WebSocket path of its own, which tells nothing about it. */
function prefixOf(path: string, http: boolean): string | undefined {
  if (path.endsWith(WS_PATH)) return path.slice(0, -WS_PATH.length);
  return http || path === '' ? path : undefined;
}

function parse(url: string, base: string): URL {
  if (URL.canParse(url, base)) {
    const parsed = new URL(url, base);
    if (/^(https?|wss?):$/.test(parsed.protocol)) return parsed;
  }
  throw new SyncError('invalid', `"${url}" is no URL of a server; one looks like ws://127.0.0.1:3001${WS_PATH}`);
}
