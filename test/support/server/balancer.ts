import { once } from 'node:events';
import { get } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { WS_PATH } from '../../../src/protocol/index.js';

/** How often each server is asked whether it is ready, in milliseconds. */
const ASK_MS = 50;

/** A server as the balancer knows it. */
interface Target {
  readonly url: URL;
  isReady: boolean;
}

/** Gives new connections, byte for byte, to servers that say that they are ready, in turn; as balancers of TCP do. */
export class Balancer {
  private readonly targets = new Map<string, Target>();
  private readonly sockets = new Set<Socket>();
  private readonly timer: NodeJS.Timeout;
  private turn = 0;

  private constructor(private readonly server: Server) {
    server.on('connection', (client) => this.lead(client, this.ready()));
    this.timer = setInterval(() => this.targets.forEach((target) => void ask(target)), ASK_MS);
  }

  static async start(): Promise<Balancer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Balancer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get wsUrl(): string {
    return this.url.replace('http', 'ws') + WS_PATH;
  }

  /** Takes a server in, once it is ready. */
  async add(url: string): Promise<void> {
    const target = { url: new URL(url), isReady: false };
    this.targets.set(url, target);
    while (!target.isReady) await ask(target);
  }

  remove(url: string): void {
    this.targets.delete(url);
  }

  close(): void {
    clearInterval(this.timer);
    this.server.close();
    this.sockets.forEach((socket) => socket.destroy());
  }

  /** Those that are ready, the next in turn first. */
  private ready(): Target[] {
    const ready = [...this.targets.values()].filter(({ isReady }) => isReady);
    this.turn += 1;
    const first = this.turn % Math.max(1, ready.length);
    return [...ready.slice(first), ...ready.slice(0, first)];
  }

  private lead(client: Socket, [target, ...others]: readonly Target[]): void {
    if (!target) return void client.destroy();
    const server = connect(Number(target.url.port), target.url.hostname);
    const refused = (): void => {
      target.isReady = false;
      this.lead(client, others);
    };
    server.once('error', refused);
    server.once('connect', () => {
      server.off('error', refused);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        this.sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.sockets.delete(from);
          to.destroySoon();
        });
      }
    });
  }
}

function ask(target: Target): Promise<void> {
  return new Promise((resolve) => {
    const says = (isReady: boolean): void => {
      target.isReady = isReady;
      resolve();
    };
    get(new URL('/health/ready', target.url), { agent: false }, (answer) => {
      answer.resume();
      says(answer.statusCode === 200);
    }).on('error', () => says(false));
  });
}
