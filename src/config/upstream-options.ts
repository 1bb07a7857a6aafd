/** The server that this one follows. */
export interface UpstreamOptions {
  /** Of its WebSocket, such as `wss://core.example/ws/atome-sync`. */
  readonly url: string;
  /** Who this server is there; asked at each connection and call. Left out: nobody, where authentication is off. */
  readonly token?: () => string | undefined;
  /** The tenant of this server that follows that of the token; default `default`. */
  readonly tenant?: string;
}
