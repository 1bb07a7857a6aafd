import { Authenticator, type Identity } from '../auth/authentication/authenticator.js';
import { AtomeError } from '../protocol/index.js';
import type { Revocations } from './revocations.js';

/** Takes the tokens that another one takes, but not those of a session that has ended. */
export class SessionAuthenticator extends Authenticator {
  constructor(
    private readonly tokens: Authenticator,
    private readonly revocations: Revocations,
  ) {
    super();
  }

  get required(): boolean {
    return this.tokens.required;
  }

  authenticate(token: string): Identity | Promise<Identity> {
    const identity = this.tokens.authenticate(token);
    return identity instanceof Promise
      ? identity.then((proved) => this.requireCurrent(proved))
      : this.requireCurrent(identity);
  }

  private requireCurrent(identity: Identity): Identity {
    if (this.isCurrent(identity)) return identity;
    throw new AtomeError('unauthenticated', 'the token is refused: its session has ended; log in again');
  }

  override isCurrent(identity: Identity): boolean {
    const { sessionId } = identity;
    return this.tokens.isCurrent(identity) && (sessionId === undefined || !this.revocations.has(sessionId));
  }

  override async refresh(): Promise<void> {
    await Promise.all([this.tokens.refresh(), this.revocations.refresh()]);
  }
}
