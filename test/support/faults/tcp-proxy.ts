import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A wire between a client and a server that a spec can cut, or let fall silent. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private isSilent = false;
  /** How often clients have sent something, be it passed on or not. */
  heard = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** @param ports of the server, or of several that take the connections in turn. */
  static async to(ports: number | readonly number[], host = '127.0.0.1'): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new TcpProxy(server, (server.address() as AddressInfo).port);
    const all = [ports].flat();
    let joined = 0;
    server.on('connection', (client) => proxy.join(client, connect(all[joined++ % all.length]!, host)));
    return proxy;
  }

  /** Nothing comes through any more, over new connections neither, and nobody is told. */
  silence(): void {
    this.isSilent = true;
    for (const socket of this.sockets) socket.unpipe();
  }

  /** How many ends of connections are open. */
  get open(): number {
    return this.sockets.size;
  }

  /** Ends all connections; new ones are refused. */
  async cut(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async restore(): Promise<void> {
    this.isSilent = false;
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  private join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from);
      if (from === client) from.on('data', () => (this.heard += 1));
      if (!this.isSilent) from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
