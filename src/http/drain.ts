import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';

/** How long the end waits for answers that are on their way, in milliseconds: a peer may not take its own. */
const ANSWER_MS = 5_000;

/** Whether the server is going down; long answers (SSE, long poll) end when it begins, all others before it ends. */
export class Drain {
  private readonly controller = new AbortController();
  /** How many are on their way. Counted, not kept: a list of them would take them all into the old generation. */
  private answers = 0;
  private settle: () => void = () => undefined;

  constructor() {
    // every long answer listens, and there may be thousands
    setMaxListeners(0, this.controller.signal);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  begin(): void {
    this.controller.abort();
  }

  /** An answer that {@link answered} waits for. */
  track(answer: ServerResponse): void {
    // what comes now is refused at once, and nobody waits for an answer whose client has gone
    if (this.signal.aborted || answer.closed) return;
    this.answers += 1;
    answer.on('close', this.closed);
  }

  /** An answer closes once, sent or not. */
  private readonly closed = (): void => {
    this.answers -= 1;
    if (this.answers === 0) this.settle();
  };

  /** Resolves when all answers are out, but not later than after 5 seconds. */
  async answered(): Promise<void> {
    if (this.answers === 0) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, ANSWER_MS);
      this.settle = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }
}
