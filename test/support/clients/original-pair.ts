import type { Atome } from '../../../src/protocol/index.js';
import { startApp, type TestApp } from '../server/app.js';
import type { TestSocket } from './socket.js';

/** A server, and two clients as the original system has them: REST for the write, then its event over the socket. */
export class OriginalPair {
  private constructor(
    readonly server: TestApp,
    readonly mine: TestSocket,
    readonly other: TestSocket,
    readonly clientId: string,
  ) {}

  static async start(): Promise<OriginalPair> {
    const server = await startApp();
    const [mine, other] = [await server.connect(), await server.connect()];
    const { clientId } = await mine.next('welcome');
    await other.next('welcome');
    return new OriginalPair(server, mine, other, clientId);
  }

  /** Those of `mine`. */
  headers(): Record<string, string> {
    return { 'x-client-id': this.clientId, authorization: 'Bearer secret' };
  }

  async head(): Promise<unknown> {
    return (await this.server.api.get('/api/server-info')).body.seq;
  }

  async atome(id: string): Promise<Atome> {
    return (await this.server.api.get(`/api/atome/${id}`)).body.atome as Atome;
  }

  async create(id: string): Promise<Atome> {
    const { body } = await this.server.api.post(
      '/api/atome/create',
      { id, kind: 'note', data: { n: 0 } },
      this.headers(),
    );
    return body.atome as Atome;
  }
}
