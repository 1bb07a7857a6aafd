import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setTimeout as elapse } from 'node:timers/promises';
import { Turnstile } from './turnstile.js';

/** Where the server is. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}

interface Wire {
  readonly client: Socket;
  readonly server: Socket;
  /** A second connection to the server that says the same, later, and whose answers nobody hears. */
  readonly twin?: Socket;
}

/** How often a chunk comes in two halves, how often it is late, and how often a connection is there twice. */
const [HALVED, LATE, DOUBLED] = [0.1, 0.1, 0.2];
/** How long what is late takes at most, in milliseconds; a twin, which may be heard after its original is gone, longer. */
const [LATE_MS, TWIN_MS] = [40, 400];
/** How much of a direction is held, in bytes; more is left to whoever says it, and a twin that lags so far is given up. */
const HELD_BYTES = 2 ** 20;
/** How long twins may take to end once nothing goes wrong any more, in milliseconds. */
const PATIENCE_MS = 30_000;

/** The network between one client and the server: it cuts, halves, doubles, delays, stalls, and leaves half-open. */
export class ChaosNetwork {
  /** What has happened, by name. */
  readonly counts: Record<string, number> = {};
  private readonly gate = new Turnstile();
  private readonly wires = new Set<Wire>();
  private readonly twins = new Set<Socket>();
  /** 0 when nothing goes wrong any more. */
  private faulty = 1;

  private constructor(
    private readonly server: Server,
    private readonly upstream: Upstream,
    private readonly random: () => number,
  ) {}

  /** @param port where it listens, on this machine; 0 for any that is free. */
  static async to(upstream: Upstream, random: () => number, port = 0): Promise<ChaosNetwork> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const network = new ChaosNetwork(server, upstream, random);
    server.on('connection', (client) => network.join(client));
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** All connections are reset, on both sides. */
  cut(): void {
    this.count('cut');
    for (const { client, server } of this.wires) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** One side is gone, and the other is not told: what was sent before arrives there all the same. */
  halfOpen(): void {
    this.count('half-open');
    const side = this.random() < 0.5 ? 'client' : 'server';
    for (const wire of this.wires) wire[side].destroy();
  }

  /** Nothing comes through until `go`, and nobody is told. */
  stall(): void {
    this.count('stalled');
    this.gate.shut();
  }

  go(): void {
    this.gate.open();
  }

  /** No faults from here on. Resolves when nothing late can come any more. */
  async heal(): Promise<void> {
    this.faulty = 0;
    this.go();
    this.cut();
    const late = setTimeout(() => this.giveUpTwins(), PATIENCE_MS);
    await Promise.all([...this.twins].map((twin) => once(twin, 'close')));
    clearTimeout(late);
  }

  private giveUpTwins(): void {
    for (const twin of this.twins) twin.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    // before what is open is cut: clients come again
    this.server.close();
    this.giveUpTwins();
    await this.heal();
    await closed;
  }

  private join(client: Socket): void {
    this.count('connected');
    const doubled = this.chance(DOUBLED);
    const wire: Wire = { client, server: this.dial(), ...(doubled && { twin: this.twin() }) };
    const { server, twin } = wire;
    this.wires.add(wire);
    const over = (): void => {
      if (client.destroyed && server.destroyed) this.wires.delete(wire);
    };
    client.on('error', () => undefined).on('close', over);
    server.on('close', over);
    const [there, back] = [this.lane(server, LATE_MS, client), this.lane(client, LATE_MS, server)];
    const again = twin && this.lane(twin, TWIN_MS);
    client.on('data', (chunk) => {
      void there(chunk);
      void again?.(chunk);
    });
    server.on('data', (chunk) => void back(chunk));
    // in its turn, behind what was sent: a peer that is half-open is told of nothing
    client.on('end', () => void there(null));
    server.on('end', () => void back(null));
    client.on('close', () => {
      if (!this.chance(0.3)) void there(null);
      void again?.(null);
    });
    server.on('close', () => {
      if (!this.chance(0.3)) void back(null);
    });
  }

  /** Carries one chunk after the other; null ends it. @param from who is to wait where too much is held; a twin has nobody. */
  private lane(to: Socket, lateMs: number, from?: Socket): (chunk: Buffer | null) => Promise<void> {
    let last = Promise.resolve();
    let held = 0;
    const carry = async (chunk: Buffer | null): Promise<void> => {
      if (!to.destroyed) await this.bring(chunk, to, lateMs, from === undefined);
      held -= chunk?.length ?? 0;
      if (held < HELD_BYTES) from?.resume();
    };
    return (chunk) => {
      held += chunk?.length ?? 0;
      if (held >= HELD_BYTES) this.holdBack(from ?? to, from === undefined);
      return (last = last.then(() => carry(chunk)));
    };
  }

  private async bring(chunk: Buffer | null, to: Socket, lateMs: number, isTwin: boolean): Promise<void> {
    if (isTwin || this.chance(LATE)) await elapse(this.random() * lateMs);
    if (!isTwin) await this.gate.passed();
    if (chunk === null) return void to.end();
    const half = this.chance(HALVED) ? Math.ceil(chunk.length / 2) : chunk.length;
    await say(to, chunk.subarray(0, half));
    if (half === chunk.length) return;
    this.count('halved');
    await elapse(this.random() * lateMs);
    await say(to, chunk.subarray(half));
  }

  private holdBack(socket: Socket, isTwin: boolean): void {
    this.count('held back');
    if (isTwin) socket.destroy();
    else socket.pause();
  }

  private dial(): Socket {
    const { host, port, isSecure } = this.upstream;
    const socket = isSecure ? connectTls({ host, port, servername: host }) : connect(port, host);
    // where nobody listens, a socket may meet itself, and keep the server from coming back
    return socket
      .on('error', () => undefined)
      .on('connect', () => {
        if (socket.localPort === port) socket.destroy();
      });
  }

  private twin(): Socket {
    this.count('doubled');
    const twin = this.dial().resume();
    this.twins.add(twin);
    return twin.on('close', () => this.twins.delete(twin));
  }

  private chance(share: number): boolean {
    return this.random() < share * this.faulty;
  }

  private count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}

/** Resolves when it can take more, or never will. */
async function say(to: Socket, chunk: Buffer): Promise<void> {
  if (to.destroyed || to.write(chunk)) return;
  const over = new AbortController();
  const either = ['drain', 'close'].map((event) => once(to, event, over).catch(() => undefined));
  await Promise.race(either);
  over.abort();
}
