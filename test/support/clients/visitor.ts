import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

export const FRIEND = 'https://app.example';
export const FOREIGN = 'https://evil.example';
export const MOZILLA = 'Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0';

/** What each way in answers when it refuses, and when it does not; see {@link Visitor.doors}. */
export const REFUSED = [403, 403, 403, 403, 403, 403];
export const ANSWERED = [200, 200, 200, 200, 404, 101];

export type Headers = Record<string, string>;

/** Where a visitor calls. */
export interface Visited {
  readonly url: string;
  readonly wsUrl: string;
}

/** Somebody who calls a server with headers of their own. */
export class Visitor {
  constructor(private readonly visited: () => Visited) {}

  /** The status of a call with exactly these headers: `fetch` sets some of its own. A stream is left once it has begun. */
  async status(method: string, path: string, headers: Headers = {}, body = ''): Promise<number> {
    const call = request(this.visited().url + path, { method, headers });
    call.end(body);
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    call.on('error', () => undefined);
    response.destroy();
    return response.statusCode!;
  }

  async handshake(headers: Headers): Promise<number> {
    const ws = new WebSocket(this.visited().wsUrl, { headers });
    ws.on('error', () => undefined);
    const answered = await Promise.race([
      once(ws, 'open').then(() => 101),
      once(ws, 'unexpected-response').then(([, response]) => (response as IncomingMessage).statusCode!),
    ]);
    ws.terminate();
    return answered;
  }

  /** What each door answers to the same headers. */
  async doors(prefix: string, headers: Headers): Promise<number[]> {
    return Promise.all([
      this.status('GET', `${prefix}/atome/list?search=x`, headers),
      this.status('HEAD', `${prefix}/atome/list`, headers),
      this.status('GET', `${prefix}/server-info`, headers),
      this.status('GET', `${prefix}/sync/changes?since=0`, { ...headers, accept: 'text/event-stream' }),
      this.status('DELETE', `${prefix}/atome/nothing`, headers),
      this.handshake(headers),
    ]);
  }
}
