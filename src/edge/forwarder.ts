import { elapse } from '../ledger/elapse.js';
import { isObject, type AlterationBody, type Ack, type Nack } from '../protocol/index.js';
import { restOf } from './bounds.js';
import type { Outbox } from './outbox.js';
import { pushedWrite } from './pushed-write.js';
import { UpstreamFault, type UpstreamCalls } from './upstream-calls.js';

/** What came of a local write upstream. */
export type Decided =
  | { readonly write: AlterationBody; readonly at: number }
  | { readonly write: AlterationBody; readonly refused: { readonly code: string; readonly message: string } };

type Decide = (outcomes: readonly Decided[]) => Promise<void>;

interface ForwarderParts {
  readonly outbox: Outbox;
  readonly calls: UpstreamCalls;
  /** Under which opId a write goes up. */
  readonly opIdOf: (write: AlterationBody) => string;
  readonly onFault: (fault: string) => void;
}

/** Most writes, and about how many characters, of a push. */
const MOST_WRITES = 200;
const MOST_CHARS = 256 * 1024;
const REST_MS = { first: 250, most: 30_000 } as const;

/** A push: what is sent, and whose answer is whose. */
interface Push {
  readonly writes: readonly AlterationBody[];
  readonly operations: readonly object[];
  /** The place in `operations` of each of the writes. */
  readonly places: readonly number[];
}

/** Pushes the writes of the outbox in their order, until each is acknowledged, or refused for good. */
export class Forwarder {
  private most = MOST_WRITES;
  private failures = 0;
  /** What has to come back to life upstream before it is restored, and the version that it has there. */
  private readonly revived = new Map<number, number>();
  private wakened: () => void = () => undefined;

  constructor(private readonly parts: ForwarderParts) {}

  /** There is something to push. */
  wake(): void {
    this.wakened();
  }

  /** Ends with the signal. @param decided takes note of what was decided; may not reject. */
  async run(decided: Decide, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.wakened(), { once: true });
    while (!signal.aborted) {
      const push = this.next();
      if (push.writes.length > 0) await this.send(push, decided, signal);
      else await this.woken();
    }
  }

  private woken(): Promise<void> {
    return new Promise((resolve) => {
      this.wakened = resolve;
    });
  }

  private next(): Push {
    const push = { writes: [] as AlterationBody[], operations: [] as object[], places: [] as number[] };
    let chars = 0;
    for (const write of this.parts.outbox.unsent()) {
      const opId = this.parts.opIdOf(write);
      const operation = pushedWrite(write, opId);
      if (!operation || push.writes.length === this.most || (chars > 0 && chars > MOST_CHARS)) {
        // an erasure goes by itself
        if (!operation && push.writes.length === 0) push.writes.push(write);
        return push;
      }
      chars += JSON.stringify(operation).length;
      const version = this.revived.get(write.seq);
      if (version !== undefined) {
        const { atomeId, hlc } = write;
        push.operations.push({
          opId: `${opId.slice(0, 150)}~${write.seq}`,
          atomeId,
          operation: 'restore',
          hlc,
          changes: { version },
        });
      }
      push.places.push(push.operations.length);
      push.operations.push(operation);
      push.writes.push(write);
    }
    return push;
  }

  private async send(push: Push, decided: Decide, signal: AbortSignal): Promise<void> {
    const { calls, onFault } = this.parts;
    const [first] = push.writes;
    try {
      if (push.operations.length === 0) {
        const refused = await calls.erase(first!.atomeId);
        return await decided([refused ? { write: first!, refused } : { write: first!, at: 0 }]);
      }
      const results = await calls.push(push.operations);
      const { outcomes, retryAfterMs } = this.read(push, results);
      if (outcomes.length > 0) this.failures = 0;
      await decided(outcomes);
      for (const { write } of outcomes) this.revived.delete(write.seq);
      this.most = MOST_WRITES;
      if (outcomes.length < push.writes.length) await this.rest(retryAfterMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      const { message, status = 0, retryAfterMs = 0, code } = error as Partial<UpstreamFault> & Error;
      // a push that is refused as a whole has one in it that is at fault; that of a proxy has no code
      const isWhole = status === 413 || ((status === 400 || status === 422) && code !== undefined);
      if (isWhole && push.writes.length > 1) {
        this.most = Math.ceil(push.writes.length / 2);
        return;
      }
      if (isWhole && push.operations.length > 0) {
        return decided([{ write: first!, refused: { code: code ?? 'too_large', message } }]);
      }
      onFault(message);
      await this.rest(retryAfterMs, signal);
    }
  }

  /** What follows a write that is to be sent again is refused only once that has been decided: it may build on it. */
  private read(
    { writes, places }: Push,
    results: readonly (Ack | Nack)[],
  ): { outcomes: Decided[]; retryAfterMs: number } {
    const outcomes: Decided[] = [];
    let again = false;
    let retryAfterMs = 0;
    writes.forEach((write, index) => {
      const result = results[places[index]!];
      if (!result) throw new UpstreamFault('upstream has not answered each write');
      if (result.type === 'ack') {
        if (!Number.isSafeInteger(result.seq)) throw new UpstreamFault('an acknowledgement has no seq');
        outcomes.push({ write, at: result.seq });
        return;
      }
      if (!isObject(result.error)) throw new UpstreamFault('a refusal has no error');
      const { code, message, retryable, details } = result.error;
      const isDeleted = code === 'gone' && !details?.redacted && write.operation === 'restore';
      if (isDeleted && !this.revived.has(write.seq)) this.revived.set(write.seq, Number(details?.version));
      else if (!retryable && !again) {
        outcomes.push({ write, refused: { code, message } });
        return;
      }
      again = true;
      if (retryable) retryAfterMs = Math.max(retryAfterMs, restOf(details?.retryAfter) || REST_MS.first);
    });
    return { outcomes, retryAfterMs };
  }

  /** With jitter, on top of what upstream has asked for. */
  private async rest(atLeastMs: number, signal: AbortSignal): Promise<void> {
    const most = Math.min(REST_MS.most, REST_MS.first * 2 ** this.failures);
    this.failures += 1;
    await elapse(atLeastMs + Math.random() * most, { signal }).catch(() => undefined);
  }
}
