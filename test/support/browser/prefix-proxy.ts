import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy that serves another server under a prefix, which it strips; for WebSockets too. */
export class PrefixProxy {
  private constructor(
    private readonly server: Server,
    /** Where the other server is under the prefix, with a slash at its end. */
    readonly url: string,
  ) {}

  static async to(port: number, prefix: string): Promise<PrefixProxy> {
    const onward = ({ url = '', method, headers }: IncomingMessage) =>
      request({ port, host: '127.0.0.1', path: url.slice(prefix.length), method, headers });
    const server = createServer((incoming, answer) => {
      if (!incoming.url?.startsWith(`${prefix}/`)) return answer.writeHead(404).end();
      const outgoing = onward(incoming).on('response', (response) => {
        answer.writeHead(response.statusCode!, response.headers);
        response.pipe(answer);
      });
      outgoing.on('error', () => answer.destroy());
      return incoming.pipe(outgoing);
    });
    server.on('upgrade', (incoming, socket) => {
      const outgoing = onward(incoming);
      outgoing.on('error', () => socket.destroy());
      outgoing.on('upgrade', ({ headers }, there, first) => {
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
        socket.on('error', () => there.destroy()).on('close', () => there.destroy());
        there.on('error', () => socket.destroy()).on('close', () => socket.destroy());
        // a welcome may come together with the headers
        socket.write(first);
        there.pipe(socket).pipe(there);
      });
      outgoing.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PrefixProxy(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}/`);
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}
