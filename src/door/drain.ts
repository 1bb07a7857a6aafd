/** Whether the server is going down; long answers (SSE, long poll) end when it begins. */
export class Drain {
  private readonly controller = new AbortController();

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  begin(): void {
    this.controller.abort();
  }
}
