/** Version of the wire contract. A change of any message shape must change it (held by a test). */
export const PROTOCOL_VERSION = 1;

/** Default path of the WebSocket. */
export const WS_PATH = '/ws/atome-sync';
