import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';
import type { ErrorBody, ServerMessage } from '../../../src/protocol/index.js';
import { Api, type Answer } from './api.js';
import type { Write } from './workload.js';

/** Where a client finds a server. */
export interface Address {
  readonly url: string;
  readonly wsUrl: string;
}

/** Counts what many do, so that a fault can strike after any number of them. */
export class Tally {
  private count = 0;
  private readonly events = new EventEmitter();

  add(): void {
    this.count += 1;
    this.events.emit('add');
  }

  /** Resolves when that many more have been counted. */
  async more(count: number): Promise<void> {
    const goal = this.count + count;
    while (this.count < goal) await once(this.events, 'add');
  }
}

/**
 * A client that writes until it is told to end, and never forgets a write: what has not been answered is
 * sent again, under its opId and in the old order, to the server it is connected to next.
 */
export abstract class Writer {
  /** The seq of each acknowledged write, by opId. */
  readonly acknowledged = new Map<string, number>();
  /** Final refusals, which a workload never earns. */
  readonly refused: string[] = [];
  /** Is told of each attempt that came to nothing, though the write may be tried again. */
  failed: (why: string) => void = () => undefined;
  /** Is told that the connection has gone. */
  lost: () => void = () => undefined;
  protected readonly unanswered = new Map<string, Write>();
  private readonly events = new EventEmitter();
  private ending = false;

  constructor(
    private readonly source: Iterator<Write>,
    private readonly tally = new Tally(),
  ) {}

  abstract connect(server: Address): void;
  abstract disconnect(): void;

  /** Begins no further write; resolves when all are answered. */
  finish(): Promise<void> {
    this.ending = true;
    return this.finished();
  }

  /** Resolves when the source has ended and all of its writes are answered. */
  async finished(): Promise<void> {
    while (!this.ending || this.unanswered.size > 0) await once(this.events, 'answer');
  }

  /** The next write, remembered until it is answered. */
  protected begin(): Write | undefined {
    if (this.ending) return undefined;
    const { value, done } = this.source.next() as IteratorResult<Write, undefined>;
    if (done) this.ending = true;
    else this.unanswered.set(value.opId, value);
    return value;
  }

  protected settle(opId: string, answer: { readonly seq: number } | { readonly error: ErrorBody }): void {
    if ('seq' in answer) this.acknowledged.set(opId, answer.seq);
    else if (answer.error.retryable) return this.failed(answer.error.message);
    else this.refused.push(`${opId}: ${answer.error.message}`);
    this.unanswered.delete(opId);
    this.tally.add();
    this.events.emit('answer');
  }
}

/** Writes over a WebSocket, several at a time. */
export class SocketWriter extends Writer {
  private ws: WebSocket | undefined;

  constructor(
    source: Iterator<Write>,
    tally?: Tally,
    private readonly window = 8,
  ) {
    super(source, tally);
  }

  connect({ wsUrl }: Address): void {
    this.disconnect();
    const ws = new WebSocket(wsUrl, { perMessageDeflate: false });
    this.ws = ws;
    ws.on('error', () => undefined);
    ws.on('close', () => this.ws === ws && this.lost());
    ws.on('open', () => {
      for (const write of this.unanswered.values()) this.send(write);
      this.fill();
    });
    ws.on('message', (data) => this.hear(JSON.parse((data as Buffer).toString()) as ServerMessage));
  }

  disconnect(): void {
    const { ws } = this;
    this.ws = undefined;
    ws?.removeAllListeners('message').terminate();
  }

  private hear(message: ServerMessage): void {
    if (message.type === 'ack' || message.type === 'nack') this.settle(message.opId, message);
    this.fill();
  }

  private fill(): void {
    while (this.unanswered.size < this.window) {
      const write = this.begin();
      if (!write) return;
      this.send(write);
    }
  }

  private send(write: Write): void {
    if (this.ws?.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify({ type: 'mutate', ...write }));
  }
}

/** Writes over REST, one after the other; what may be tried again is tried again at once. */
export class RestWriter extends Writer {
  private turn = 0;

  connect({ url }: Address): void {
    this.turn += 1;
    void this.run(new Api(url), this.turn);
  }

  disconnect(): void {
    this.turn += 1;
  }

  private async run(api: Api, turn: number): Promise<void> {
    while (turn === this.turn) {
      const [write = this.begin()] = this.unanswered.values();
      if (!write) return;
      let answer: Answer;
      try {
        answer = await call(api, write);
      } catch (error) {
        // the server has gone: the write waits for the next
        if (turn !== this.turn) return;
        this.failed(`${String(error)}: ${String((error as Error).cause)}`);
        return this.lost();
      }
      const { seq } = answer.body;
      this.settle(
        write.opId,
        answer.status < 300 ? { seq: Number(seq) } : { error: answer.body as unknown as ErrorBody },
      );
    }
  }
}

function call(api: Api, { opId, operation, atomeId, kind, data, changes }: Write): Promise<Answer> {
  const named = { 'idempotency-key': opId };
  switch (operation) {
    case 'create':
      return api.post('/api/atome/create', { id: atomeId, kind, data }, named);
    case 'delete':
      return api.delete(`/api/atome/${atomeId}`, undefined, named);
    case 'restore':
      return api.post(`/api/atome/${atomeId}/restore`, changes, named);
    default:
      return api.post(`/api/atome/${atomeId}/alter`, { operation, changes }, named);
  }
}
