interface Request {
  readonly hold: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The locks of a browser, as Node has none: one holder for each name, and whoever waits in turn. */
export class ChaosLocks {
  private readonly holders = new Map<string, Request>();
  private readonly waiting = new Map<string, Request[]>();

  readonly request = (
    name: string,
    { signal, steal }: { signal?: AbortSignal; steal?: boolean },
    hold: () => Promise<void>,
  ): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = { hold, resolve, reject };
      const queue = this.waiting.get(name) ?? [];
      this.waiting.set(name, queue);
      if (steal) {
        this.take(name);
        queue.unshift(request);
      } else queue.push(request);
      signal?.addEventListener('abort', () => {
        const at = queue.indexOf(request);
        if (at < 0) return;
        queue.splice(at, 1);
        reject(new Error('given up'));
      });
      this.next(name);
    });

  /** Whoever waits takes the lock from whoever holds it, as when that one sleeps. @returns how many were taken. */
  steal(): number {
    const names = [...this.holders.keys()].filter((name) => (this.waiting.get(name)?.length ?? 0) > 0);
    for (const name of names) {
      this.take(name);
      this.next(name);
    }
    return names.length;
  }

  private take(name: string): void {
    const holder = this.holders.get(name);
    this.holders.delete(name);
    holder?.reject(new Error('it was stolen'));
  }

  private next(name: string): void {
    if (this.holders.has(name)) return;
    const request = this.waiting.get(name)?.shift();
    if (!request) return;
    this.holders.set(name, request);
    // as in a browser, never in the call itself
    setImmediate(() => void this.run(name, request));
  }

  private async run(name: string, { hold, resolve, reject }: Request): Promise<void> {
    await hold().then(resolve, reject);
    if (this.holders.get(name)?.hold !== hold) return;
    this.holders.delete(name);
    this.next(name);
  }
}
