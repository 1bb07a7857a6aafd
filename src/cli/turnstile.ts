/** What lets everything through, or holds it until it is opened again. */
export class Turnstile {
  private last: Promise<void> | undefined;
  private release: () => void = () => undefined;
  private readonly held: (() => void)[] = [];

  get isShut(): boolean {
    return this.last !== undefined;
  }

  shut(): void {
    this.last ??= new Promise<void>((resolve) => (this.release = resolve));
  }

  open(): void {
    this.last = undefined;
    this.release();
    this.held.splice(0).forEach((run) => run());
  }

  /** Resolves when it is open. */
  async passed(): Promise<void> {
    while (this.last) await this.last;
  }

  /** Does this now, or in its turn when it is opened. */
  do(run: () => void): void {
    if (this.last) this.held.push(run);
    else run();
  }
}
