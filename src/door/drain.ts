import { setMaxListeners } from 'node:events';

/** Whether the server is going down; long answers (SSE, long poll) end when it begins. */
export class Drain {
  private readonly controller = new AbortController();

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
}
