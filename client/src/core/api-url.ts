import { WS_PATH } from '../../../src/protocol/version.js';
import { parseUrl, withoutSlash } from './endpoints.js';

/**
 * Base of the REST calls, without a slash at its end, from the same URL as that of the WebSocket. The path of a WebSocket
 * that is not the usual one tells nothing of where the server is mounted.
 * @throws SyncError `invalid` as that one does.
 */
export function apiUrl(url?: string): string {
  const { protocol, host, pathname } = parseUrl(url);
  const path = withoutSlash(pathname);
  const prefix = path.endsWith(WS_PATH) ? path.slice(0, -WS_PATH.length) : protocol.startsWith('ws') ? '' : path;
  return `${protocol.replace('ws', 'http')}//${host}${prefix}/api`;
}
