/** A door that a spec keeps shut: whoever passes waits at it until it is opened. */
export class Gate {
  /** Resolves when somebody has come to the door. */
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
