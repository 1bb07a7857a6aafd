/** Holds code of a test back: whoever passes waits until the spec opens it. */
export class Gate {
  /** Resolves when somebody waits. */
  readonly reached: Promise<void>;
  private readonly opened: Promise<void>;
  private reach: () => void = () => undefined;
  private release: () => void = () => undefined;

  constructor() {
    this.reached = new Promise((resolve) => (this.reach = resolve));
    this.opened = new Promise((resolve) => (this.release = resolve));
  }

  pass(): Promise<void> {
    this.reach();
    return this.opened;
  }

  open(): void {
    this.release();
  }
}
