import type { AtomeEvent } from '../../../src/protocol/index.js';
import type { TestApp } from '../server/app.js';
import { bearer } from './api.js';
import { EventStream } from './event-stream.js';
import type { TestSocket } from './socket.js';

/** Which atome an event is about. */
export function idOf(event: AtomeEvent): string {
  return 'atome' in event ? event.atome.id : event.atomeId;
}

/** Somebody with the three kinds of live reader. */
export class LiveReader {
  private readonly streamed: AtomeEvent[] = [];

  private constructor(
    private readonly plain: TestSocket,
    private readonly range: TestSocket,
    private readonly stream: EventStream,
  ) {}

  static async open(server: TestApp, token: string): Promise<LiveReader> {
    const plain = await server.connect(bearer(token));
    await plain.next('welcome');
    await plain.settled();
    const range = await server.connect(bearer(token));
    range.send({ type: 'subscribe' });
    await range.next('sync:live');
    return new LiveReader(plain, range, await EventStream.open(`${server.url}/api/sync/changes`, bearer(token)));
  }

  /** What each has been told up to a seq. */
  async until(seq: number): Promise<AtomeEvent[][]> {
    await this.plain.next('atome:created', (event) => event.seq === seq);
    await this.range.next('events', ({ to }) => to === seq);
    for (let event = await this.stream.next(); event; event = await this.stream.next()) {
      if (event.type === 'message') this.streamed.push(event.data as unknown as AtomeEvent);
      if (event.id === String(seq)) break;
    }
    const plain = this.plain.received.filter(({ type }) => type.startsWith('atome:')) as AtomeEvent[];
    return [plain, this.range.all('events').flatMap(({ events }) => events), this.streamed];
  }

  async close(): Promise<void> {
    this.stream.close();
    await Promise.all([this.plain.close(), this.range.close()]);
  }
}
