import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/** One server-sent event; `type` is `message` where the server names none. */
export interface ServerEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

/** A reader of server-sent events: those that came, one after the other. */
export class EventStream {
  private constructor(
    readonly response: Response,
    private readonly events: AsyncGenerator<ServerEvent>,
    private readonly abort: AbortController,
  ) {}

  /** Opens the stream. Anything but a stream is an error. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
    const abort = new AbortController();
    const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: abort.signal });
    if (!response.ok) throw new Error(`the stream was answered ${response.status}: ${await response.text()}`);
    return new EventStream(response, parse(response), abort);
  }

  /** The next event; undefined when the server has ended the stream. */
  async next(): Promise<ServerEvent | undefined> {
    const { value, done } = await this.events.next();
    return done === true ? undefined : value;
  }

  /** The next `count` events. */
  async take(count: number): Promise<ServerEvent[]> {
    const taken: ServerEvent[] = [];
    for (let event = await this.next(); event; event = await this.next()) {
      taken.push(event);
      if (taken.length === count) return taken;
    }
    throw new Error(`the stream ended after ${taken.length} of ${count} events`);
  }

  close(): void {
    this.abort.abort();
  }
}

async function* parse(response: Response): AsyncGenerator<ServerEvent> {
  let text = '';
  for await (const chunk of Readable.fromWeb(response.body as ReadableStream).setEncoding('utf8')) {
    text += chunk as string;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(text.slice(0, end).split('\n').map(field));
      text = text.slice(end + 2);
      const data = fields.get('data');
      if (data === undefined) continue;
      yield {
        type: fields.get('event') ?? 'message',
        id: fields.get('id'),
        data: JSON.parse(data) as ServerEvent['data'],
      };
    }
  }
}

function field(line: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^([^:]*):? ?([^]*)$/.exec(line) ?? [];
  return [name, value];
}
