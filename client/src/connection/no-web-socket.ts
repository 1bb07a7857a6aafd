import type { WebSocketConstructor } from './package-web-socket.js';

/** Stands in for {@link packageWebSocket} in whatever is not bundled for Node: there the platform has WebSockets. */
export function packageWebSocket(): Promise<WebSocketConstructor> {
  return Promise.reject(new Error('no WebSocket here: give one as the option `WebSocket`'));
}
