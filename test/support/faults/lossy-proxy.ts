import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A network between client and server that can lose an answer: the request arrives, and what comes back does not. */
export class LossyProxy {
  /** How many answers were lost. */
  lost = 0;
  private toLose = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(target: string): Promise<LossyProxy> {
    const { port } = new URL(target);
    const server = createServer();
    const proxy = new LossyProxy(server);
    server.on('connection', (client) => proxy.join(client, connect(Number(port), '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on the next `count` answers are lost, each with its connection. */
  loseAnswers(count = 1): void {
    this.toLose = count;
  }

  async close(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket, upstream: Socket): void {
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', cut).on('close', () => {
        this.sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (this.toLose === 0) return void client.write(chunk);
      this.toLose -= 1;
      this.lost += 1;
      cut();
    });
  }
}
