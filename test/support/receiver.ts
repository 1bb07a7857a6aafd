import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A message that a receiver was sent. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: { readonly type: string; readonly timestamp: string; readonly data: Record<string, unknown> };
}

/** How a receiver answers; what it does not end stays open. */
export type Answering = (received: Received, response: ServerResponse, count: number) => void;

export const taking: Answering = (_received, response) => response.writeHead(204).end();
/** @param headers of the answer. */
export const answering =
  (status: number, headers: Record<string, string> = {}): Answering =>
  (_received, response) =>
    response.writeHead(status, headers).end('no');

/** A receiver of webhooks on this machine: a server of its own, with a path for each test. */
export class Receiver {
  private readonly received = new Map<string, Received[]>();
  private readonly answers = new Map<string, Answering>();
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(host = '127.0.0.1'): Promise<Receiver> {
    const server = createServer();
    await once(server.listen(0, host), 'listening');
    const receiver = new Receiver(server, (server.address() as AddressInfo).port);
    server.on('request', (request, response) => {
      void text(request).then(
        (body) => {
          const { url: path = '', headers } = request;
          const message = { path, headers, text: body, body: JSON.parse(body) as Received['body'] };
          const all = receiver.at(path);
          all.push(message);
          receiver.received.set(path, all);
          (receiver.answers.get(path) ?? taking)(message, response, all.length);
          for (const look of receiver.waiting) look();
        },
        // whoever sends it has gone
        () => undefined,
      );
    });
    return receiver;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** From now on. */
  answer(path: string, how: Answering): void {
    this.answers.set(path, how);
  }

  at(path: string): Received[] {
    return this.received.get(path) ?? [];
  }

  /** Resolves when so many have come, or when it is so of those that have. */
  async until(path: string, isSo: number | ((all: readonly Received[]) => boolean)): Promise<Received[]> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const all = this.at(path);
        if (typeof isSo === 'number' ? all.length < isSo : !isSo(all)) return;
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
      look();
    });
    return this.at(path);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Whether a message is signed with a secret, as the specification says and a receiver would check it. */
export function isSigned({ headers, text: body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    String(headers[`webhook-${name}`]),
  );
  if (Math.abs(Date.now() / 1_000 - Number(timestamp)) > 300) return false;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  return signatures!.split(' ').some((each) => {
    const [version, signature = ''] = each.split(',');
    const given = Buffer.from(signature, 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
