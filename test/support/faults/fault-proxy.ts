import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as elapse } from 'node:timers/promises';

/** What can be wrong with a network, until `heal`. */
export type Fault =
  /** All connections are reset; new ones work. */
  | { readonly kind: 'cut' }
  /** The same, and new ones are reset as well. */
  | { readonly kind: 'refuse' }
  /** Everything takes longer, each way. */
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }
  /** The server's ends are closed, and the clients are not told. */
  | { readonly kind: 'half-open' }
  /** Nothing comes through, and nobody is told; what was sent meanwhile comes when it heals, as TCP has it. */
  | { readonly kind: 'black-hole' }
  /** A request arrives; when the server answers, the connection is reset. */
  | { readonly kind: 'lose-answer' };

/** All faults, some of them in a size that tests can wait for. */
export const FAULTS: readonly Fault[] = [
  { kind: 'cut' },
  { kind: 'refuse' },
  { kind: 'delay', ms: 15 },
  { kind: 'throttle', bytesPerSecond: 20_000 },
  { kind: 'half-open' },
  { kind: 'black-hole' },
  { kind: 'lose-answer' },
];

interface Wire {
  readonly client: Socket;
  readonly server: Socket;
  /** Something came from the client since the fault began. */
  asked: boolean;
}

/** A network between clients and a server that can fail in every way. */
export class FaultProxy {
  private readonly wires = new Set<Wire>();
  private fault: Fault | null = null;
  /** Aborts what waits for the fault to end. */
  private ended = new AbortController();

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {}

  /** @param url of the server. */
  static async to(url: string): Promise<FaultProxy> {
    const server = createServer();
    const proxy = new FaultProxy(server, Number(new URL(url).port));
    server.on('connection', (client) => proxy.join(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Begins a fault in place of the one before. */
  break(fault: Fault): void {
    this.heal();
    this.fault = fault;
    for (const wire of this.wires) {
      wire.asked = false;
      if (fault.kind === 'cut' || fault.kind === 'refuse') reset(wire);
      if (fault.kind === 'half-open') wire.server.destroy();
    }
  }

  heal(): void {
    this.fault = null;
    this.ended.abort();
    this.ended = new AbortController();
  }

  /**
   * Breaks and heals by chance, and ends healed.
   * @param during what happens under each fault; it lasts a few milliseconds longer than that.
   */
  async flap(times: number, random: () => number, during: () => Promise<unknown>): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      this.break(FAULTS[Math.floor(random() * FAULTS.length)]!);
      await during();
      await elapse(random() * 100);
      this.heal();
      await elapse(random() * 100);
    }
  }

  async close(): Promise<void> {
    this.heal();
    this.wires.forEach(reset);
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    const wire: Wire = { client, server: connect(this.target, '127.0.0.1'), asked: false };
    this.wires.add(wire);
    const { server } = wire;
    client.on('error', () => undefined).on('close', () => this.part(wire));
    server
      .on('error', () => reset(wire))
      .on('close', () => {
        // a client that is not told finds out at what it sends next
        if (this.fault?.kind !== 'half-open') reset(wire);
      });
    client.on('data', (chunk) => {
      wire.asked = true;
      void this.pass(wire, client, server, chunk);
    });
    server.on('data', (chunk) => {
      if (wire.asked && this.fault?.kind === 'lose-answer') reset(wire);
      else void this.pass(wire, server, client, chunk);
    });
    if (this.fault?.kind === 'refuse') reset(wire);
  }

  private part(wire: Wire): void {
    this.wires.delete(wire);
    wire.server.destroy();
  }

  /** Carries a chunk over; the next one waits for it. */
  private async pass(wire: Wire, from: Socket, to: Socket, chunk: Buffer): Promise<void> {
    from.pause();
    await this.hold(chunk.length);
    from.resume();
    if (!to.destroyed) to.write(chunk);
    else if (this.fault?.kind !== 'half-open') reset(wire);
  }

  private async hold(bytes: number): Promise<void> {
    const { fault, ended } = this;
    const ms =
      fault?.kind === 'delay'
        ? fault.ms
        : fault?.kind === 'throttle'
          ? (bytes / fault.bytesPerSecond) * 1_000
          : fault?.kind === 'black-hole'
            ? 2 ** 30
            : 0;
    if (ms > 0) await elapse(ms, undefined, { signal: ended.signal }).catch(() => undefined);
  }
}

function reset({ client, server }: Wire): void {
  client.resetAndDestroy();
  server.destroy();
}
