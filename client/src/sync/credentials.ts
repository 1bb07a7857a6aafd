import type { TokenSource } from '../options.js';

/** The token of a client, asked for anew when the server has refused the last one, and not for ever. */
export class Credentials {
  private renewed = false;

  constructor(private readonly source: TokenSource | undefined) {}

  /** False when asking again cannot give another one: it is one text, or a fresh one was refused too. */
  get renewable(): boolean {
    return typeof this.source === 'function' && !this.renewed;
  }

  /** @param renew the last one was refused. */
  async token(renew: boolean): Promise<string | undefined> {
    if (typeof this.source !== 'function') return this.source;
    this.renewed = renew;
    try {
      return (await this.source({ renew })) ?? undefined;
    } catch (thrown) {
      // it may be the network: that is no refusal
      this.renewed = false;
      throw thrown;
    }
  }

  /** The server has taken the last one. */
  accepted(): void {
    this.renewed = false;
  }
}
