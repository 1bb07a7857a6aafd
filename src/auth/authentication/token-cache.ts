import type { Identity } from './authenticator.js';

/** Characters of all tokens that are remembered together; the oldest make room. */
const MAX_CHARS = 4 * 1024 * 1024;

/** Tokens that were good when they were last checked, and whose they are. */
export class TokenCache {
  private readonly identities = new Map<string, Identity>();
  private chars = 0;

  constructor(private readonly maxChars = MAX_CHARS) {}

  get(token: string): Identity | undefined {
    return this.identities.get(token);
  }

  set(token: string, identity: Identity): void {
    this.delete(token);
    this.identities.set(token, identity);
    this.chars += token.length;
    for (const oldest of this.identities.keys()) {
      if (this.chars <= this.maxChars) return;
      this.delete(oldest);
    }
  }

  delete(token: string): void {
    if (this.identities.delete(token)) this.chars -= token.length;
  }
}
