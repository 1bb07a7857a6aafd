/** Has what belongs together wait for what came before it. */
export class Order {
  private readonly last = new Map<unknown, Promise<void>>();

  /**
   * Resolves when all is over that followed before under a key.
   * @param over resolves when this is over, too. May not reject.
   */
  follow(key: unknown, over: Promise<void>): Promise<void> {
    const before = this.last.get(key) ?? Promise.resolve();
    const after = before.then(() => over);
    this.last.set(key, after);
    void after.then(() => {
      if (this.last.get(key) === after) this.last.delete(key);
    });
    return before;
  }
}
