/** The path of the server's WebSocket. */
export const WS_PATH = '/ws/atome-sync';
