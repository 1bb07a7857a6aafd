import { createClient, memoryStore, type Client } from '../../../client/src/index.js';
import { dialWebSocket } from '../../../client/src/connection/transport.js';
import { AT_ONCE, next } from './offline.js';

/** Refusals of one write that are enough to tell that it is not given up. */
const OFTEN = 3;

/** An offline client that counts how often its writes are refused, and comes again at once. */
export class PatientClient {
  private refusals = 0;
  private onRefused: () => void = () => undefined;
  private readonly client: Client;

  private constructor(url: string) {
    const dial = dialWebSocket();
    this.client = createClient({
      url,
      store: memoryStore(),
      reconnect: AT_ONCE,
      random: () => 0.02,
      dial: (address, events) =>
        dial(address, {
          ...events,
          message: (text) => {
            if (text.startsWith('{"type":"nack"')) this.refusals += 1;
            events.message(text);
            this.onRefused();
          },
        }),
    });
  }

  static async of({ url }: { readonly url: string }): Promise<PatientClient> {
    const made = new PatientClient(url);
    await made.client.ready();
    if (made.client.status().state !== 'live') await next(made.client, 'sync:status', ({ state }) => state === 'live');
    return made;
  }

  /** Writes, and resolves with what has become of it when it was refused several times. */
  async writeInVain(id: string): Promise<{ pending: number; rejected: number }> {
    const wanted = this.refusals + OFTEN;
    await this.client.create({ id, kind: 'note', data: { title: 'a note' } });
    while (this.refusals < wanted) await new Promise<void>((resolve) => (this.onRefused = resolve));
    const { pending, rejected } = this.client.status();
    return { pending, rejected };
  }

  /** Resolves when all has arrived; with how many are refused for good. */
  async arrived(): Promise<number> {
    await this.client.flush();
    return (await this.client.rejected()).length;
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
