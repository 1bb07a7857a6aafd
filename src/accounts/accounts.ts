import { randomUUID } from 'node:crypto';
import type { Identity } from '../auth/authentication/authenticator.js';
import { elapse } from '../ledger/elapse.js';
import { AtomeError } from '../protocol/index.js';
import type { Account, AccountStore } from './account.store.js';
import { parseIdentifier, parseNewIdentifier } from './identifier.js';
import type { Attempt, LoginThrottle } from './login-throttle.js';
import { parsePassword, type Passwords } from './passwords.js';
import type { AccountSession, AccountSessions } from './sessions.js';

/** Who wants in, and from where. */
export interface LoginRequest {
  readonly identifier: string;
  readonly password: string;
  readonly address: string;
}

/** Accounts of this server's own, for those without an identity provider. */
export class Accounts {
  constructor(
    private readonly store: AccountStore,
    private readonly sessions: AccountSessions,
    private readonly passwords: Passwords,
    private readonly throttle: LoginThrottle,
  ) {}

  /** @throws AtomeError `exists` when the identifier is taken. */
  async register({
    identifier,
    password,
    address,
  }: LoginRequest): Promise<{ account: Account; session: AccountSession }> {
    const name = parseNewIdentifier(identifier);
    const secret = parsePassword(password);
    this.throttle.register(address);
    const passwordHash = await this.passwords.hash(secret, address);
    const account = { id: randomUUID(), identifier: name, passwordHash, createdAt: this.store.now() };
    if (!(await this.store.add(account))) {
      throw new AtomeError('exists', 'there is an account of that name already; log in, or take another');
    }
    return { account, session: await this.open(account) };
  }

  /** @throws AtomeError `unauthenticated`, equal for an unknown account and for a wrong password. */
  async login({ identifier, password, address }: LoginRequest): Promise<{ account: Account; session: AccountSession }> {
    const name = parseIdentifier(identifier);
    const account = await this.check(name, password, address, () => this.store.byIdentifier(name));
    return { account, session: await this.open(account) };
  }

  /** The account of a token; undefined when it was not issued for one, or that has been deleted. */
  accountOf({ principal }: Identity): Promise<Account | undefined> {
    return this.store.byId(principal.id);
  }

  /** The session of the caller goes on, all others end. */
  async changePassword(caller: Identity, password: string, to: string, address: string): Promise<void> {
    const secret = parsePassword(to);
    const account = await this.confirm(caller, password, address);
    const hash = await this.passwords.hash(secret, address);
    const ended = await this.store.changePassword(account, hash, caller.sessionId!, this.store.now());
    if (!ended) throw refused();
    this.sessions.refuseTokensOf(...ended);
  }

  /** What the account has written stays: it is the tenant's. */
  async delete(caller: Identity, password: string, address: string): Promise<void> {
    const ended = await this.store.remove(await this.confirm(caller, password, address), this.store.now());
    if (!ended) throw refused();
    this.sessions.refuseTokensOf(...ended);
  }

  /** The account of a caller who knows its password. @throws AtomeError `forbidden`, or `unauthenticated` for another password. */
  async confirm(caller: Identity, password: string, address: string): Promise<Account> {
    const account = caller.sessionId === undefined ? undefined : await this.accountOf(caller);
    if (!account) throw new AtomeError('forbidden', 'the token is not that of an account here; log in first');
    return this.check(account.identifier, password, address, () => Promise.resolve(account));
  }

  /** As much work for an account that is not there. */
  private async check(
    identifier: string,
    password: string,
    address: string,
    find: () => Promise<Account | undefined>,
  ): Promise<Account> {
    this.throttle.check(identifier, address);
    const delayMs = this.throttle.delayOf(identifier);
    if (delayMs > 0) await elapse(delayMs);
    const account = await find();
    let attempt: Attempt | undefined;
    const isRight = await this.passwords.verify(password, account?.passwordHash, address, () => {
      attempt = this.throttle.begin(identifier, address);
    });
    if (!account || !isRight) {
      attempt?.failed();
      throw refused();
    }
    attempt?.succeeded();
    return account;
  }

  private async open(account: Account): Promise<AccountSession> {
    const session = await this.sessions.open(account.id, account.passwordHash);
    if (!session) throw refused();
    return session;
  }
}

function refused(): AtomeError {
  return new AtomeError('unauthenticated', 'there is no such account with that password');
}
