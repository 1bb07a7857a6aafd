import type { Readable } from 'node:stream';
import { AtomeError } from '../protocol/index.js';
import type { ByteBudget } from './byte-budget.js';
import type { LimitedLog } from './limited-log.js';

/** How long a body may stand still, and how long it may take in all, in milliseconds. */
const STALL_MS = 10_000;
const WHOLE_MS = 60_000;
const SWEEP_MS = 1_000;
/** When it is worth trying again, in milliseconds. */
const RETRY_MS = 1_000;

/** A body has not come in time (RFC 9110 §15.5.9); to send it again makes sense. */
class LateBody extends AtomeError {
  override get status(): number {
    return 408;
  }

  constructor() {
    super('unavailable', 'the body did not arrive in time; send it again');
  }
}

/** A request, or what stands for one. */
type Payload = Readable & { readonly headers?: { readonly 'content-length'?: string | undefined } };

interface Body {
  readonly caller: string;
  readonly begun: number;
  moved: number;
  bytes: number;
  readonly fail: (error: AtomeError) => void;
}

/** Reads bodies, of which many may be half there: bounded in bytes, for each caller and in all, and in time. */
export class ArrivingBodies {
  private readonly bodies = new Set<Body>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly budget: ByteBudget,
    private readonly log: Pick<LimitedLog, 'warn'>,
    private readonly now: () => number = Date.now,
  ) {}

  start(): void {
    this.stop();
    this.timer = setInterval(() => this.cutLate(), SWEEP_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /**
   * The whole body. Where it is refused the rest is left unread, and the connection has to be closed.
   * @param caller whose body it is.
   * @throws AtomeError `too_large`; `unavailable` where it does not come, or where too much is held already.
   */
  async read(payload: Payload, limit: number, caller: string): Promise<Buffer> {
    const length = Number(payload.headers?.['content-length']);
    // a small body comes in one packet with its head, and is there whole before Node has parsed its end
    await Promise.resolve();
    const isHere = payload.readableLength === length && length > 0 && length <= limit;
    if (!isHere || payload.readableFlowing !== null) return this.arriving(payload, limit, caller);
    const body = payload.read() as Buffer;
    // to its end, with which the request closes
    payload.resume();
    return body;
  }

  private arriving(payload: Payload, limit: number, caller: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const begun = this.now();
      const end = (): void => {
        payload.off('data', onData).off('end', onEnd).off('error', onError);
        this.release(body);
      };
      const fail = (error: AtomeError): void => {
        end();
        // nobody listens any more, and a fault without a listener ends the process
        payload.on('error', ignore).pause();
        reject(error);
      };
      const body: Body = { caller, begun, moved: begun, bytes: 0, fail };
      const onData = (chunk: Buffer): void => {
        chunks.push(chunk);
        this.hold(body, chunk.length);
        const excess = this.budget.excess(caller);
        if (body.bytes > limit) fail(tooLarge(limit));
        else if (excess !== undefined) fail(this.refuse(excess, caller));
      };
      const onEnd = (): void => {
        end();
        resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      };
      const onError = (error: Error): void => fail(new AtomeError('invalid', `the body broke off: ${error.message}`));
      this.bodies.add(body);
      payload.on('data', onData).once('end', onEnd).once('error', onError);
    });
  }

  private hold(body: Body, bytes: number): void {
    body.bytes += bytes;
    body.moved = this.now();
    this.budget.hold(body.caller, bytes);
  }

  private release(body: Body): void {
    if (this.bodies.delete(body)) this.budget.release(body.caller, body.bytes);
  }

  private refuse(excess: string, caller: string): AtomeError {
    this.log.warn('bodies', `503: ${excess} in bodies that are not whole (last by ${JSON.stringify(caller)})`);
    const message = 'too much is on its way to the server; wait, then send it again';
    return new AtomeError('unavailable', message, { retryAfter: RETRY_MS });
  }

  private cutLate(): void {
    const now = this.now();
    for (const body of this.bodies) {
      if (now - body.moved < STALL_MS && now - body.begun < WHOLE_MS) continue;
      this.log.warn('late', '408: a body did not arrive in time; the connection was closed');
      body.fail(new LateBody());
    }
  }
}

/** Why a body is refused whose length is known to be, or has become, too large. */
export function tooLarge(limit: number): AtomeError {
  return new AtomeError('too_large', `the body has more than ${limit} bytes; split it into several requests`);
}

const ignore = (): void => undefined;
