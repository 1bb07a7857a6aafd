/** A class of WebSockets: that of browsers and Node ≥ 22, or that of the package `ws`. */
export type WebSocketConstructor = new (url: string) => {
  send(text: string): void;
  close(code?: number, reason?: string): void;
};

/**
 * The class of WebSockets of the package `ws`. A file of its own, which is loaded where the platform has none, as in
 * Node before 22: no page needs it.
 */
export async function packageWebSocket(): Promise<WebSocketConstructor> {
  try {
    const module = (await import(/* webpackIgnore: true */ /* @vite-ignore */ 'ws')) as {
      WebSocket: WebSocketConstructor;
    };
    return module.WebSocket;
  } catch (cause) {
    throw new Error('no WebSocket here: use Node 22 or later, or install "ws"', { cause });
  }
}
