import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerUnderWay } from './connection-errors.js';

/** Whether the server is going down; long answers (SSE, long poll) end when it begins, all others before it ends. */
export class Drain {
  /** Whether others are to be asked from here on; what comes all the same is answered. */
  isLeaving = false;
  private readonly controller = new AbortController();
  /** How many are on their way. Counted, not kept: a list of them would take them all into the old generation. */
  private answers = 0;
  private settle: () => void = () => undefined;
  private readonly closed = whenClosed((socket) => this.over(socket));

  constructor() {
    // every long answer listens, and there may be thousands
    setMaxListeners(0, this.controller.signal);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Lets whoever asks know: nothing else changes yet. */
  announce(): void {
    this.isLeaving = true;
  }

  begin(): void {
    this.announce();
    this.controller.abort();
  }

  /** An answer that {@link answered} waits for. */
  track(answer: ServerResponse): void {
    // nobody waits for an answer whose client has gone
    if (answer.closed) return;
    this.answers += 1;
    answer.on('close', this.closed);
  }

  /** It will not be sent. One that stood behind another of its connection does not close. */
  forget(answer: ServerResponse): void {
    if (answer.closed) return;
    answer.off('close', this.closed);
    this.over(undefined);
  }

  /** Resolves when all answers are out, but not later than after so many milliseconds: a peer may not take its own. */
  async answered(ms: number): Promise<void> {
    if (this.answers === 0) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, ms);
      this.settle = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }

  /** @param socket undefined in HTTP/2, whose connections have an end of their own. */
  private over(socket: Socket | undefined): void {
    this.answers -= 1;
    if (this.answers === 0) this.settle();
    // an answer that had begun before could not say that its connection ends with it
    if (this.signal.aborted && socket && !answerUnderWay(socket)) socket.destroySoon();
  }
}

/** An answer closes once, sent or not. One listener for all of them: each of its own would be one more object for each request. */
function whenClosed(over: (socket: Socket | undefined) => void): (this: ServerResponse) => void {
  return function () {
    over(this.req.httpVersionMajor === 1 ? this.req.socket : undefined);
  };
}

/** When a client that is sent away comes back, in milliseconds: all at once would be too much for those that are left. */
export function spreadMs(): number {
  return 250 + Math.floor(Math.random() * 1_000);
}
