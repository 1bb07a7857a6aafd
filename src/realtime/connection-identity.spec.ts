import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Authenticator, type Identity } from '../auth/authentication/authenticator.js';
import { ConnectionIdentity } from './connection-identity.js';
import { ConnectionLimiter, type ConnectionLease } from '../auth/admission/connection-limiter.js';

const ALICE = { id: 'alice', tenant: 'acme', roles: ['writer'] };

/** Checks a token when it is told to. */
class SlowAuthenticator extends Authenticator {
  readonly required = true;
  private resolve: (identity: Identity) => void = () => undefined;

  authenticate(): Promise<Identity> {
    return new Promise((resolve) => (this.resolve = resolve));
  }

  async answer(identity: Identity): Promise<void> {
    this.resolve(identity);
    await Promise.resolve();
  }
}

describe('the credentials of a connection', () => {
  let authenticator: SlowAuthenticator;
  let lapses: string[];
  let credentials: ConnectionIdentity;
  let lease: ConnectionLease;
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    authenticator = new SlowAuthenticator();
    lapses = [];
    lease = new ConnectionLimiter(authenticator).acquire('127.0.0.1', (why) => lapses.push(why));
    credentials = new ConnectionIdentity(authenticator, lease, 5_000, (why) => lapses.push(why));
  });
  afterEach(() => {
    credentials.end();
    lease.release();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const accept = async (expiresAt: number | null, principal = ALICE): Promise<unknown> => {
    const accepted = credentials.acceptToken('token');
    await authenticator.answer({ principal, expiresAt });
    return accepted;
  };

  it('are of nobody at first', () => {
    expect(credentials.principal).toBeUndefined();
    expect(() => credentials.requirePrincipal()).toThrow('auth');
  });

  it('lapse once when no token comes in time', () => {
    jest.advanceTimersByTime(4_999);
    expect(lapses).toEqual([]);
    jest.advanceTimersByTime(60_000);
    expect(lapses).toEqual(['no token came in time']);
  });

  it('do not lapse while a token that came in time is checked', async () => {
    const accepted = credentials.acceptToken('token');
    jest.advanceTimersByTime(60_000);
    await authenticator.answer({ principal: ALICE, expiresAt: null });
    await accepted;
    expect(lapses).toEqual([]);
    expect(credentials.requirePrincipal()).toEqual(ALICE);
  });

  it('lapse when the token expires, also while another is checked', async () => {
    await accept(10_000);
    const renewal = credentials.acceptToken('token');
    jest.advanceTimersByTime(10_000);
    expect(lapses).toEqual(['expired']);
    await authenticator.answer({ principal: ALICE, expiresAt: 20_000 });
    await renewal;
  });

  it('lapse as the newest token does', async () => {
    await accept(10_000);
    await accept(20_000);
    jest.advanceTimersByTime(19_999);
    expect(lapses).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(lapses).toHaveLength(1);
  });

  it('can be good for longer than a timer can wait', async () => {
    const years = 200 * 365 * 86_400_000;
    await accept(years);
    jest.advanceTimersByTime(2 ** 31);
    expect(lapses).toEqual([]);
    expect(jest.getTimerCount()).toBe(1);
  });

  it('keep the token before when a newer one is of somebody else', async () => {
    await accept(10_000);
    await expect(accept(99_000, { ...ALICE, tenant: 'other' })).rejects.toMatchObject({ code: 'forbidden' });
    expect(credentials.requirePrincipal()).toEqual(ALICE);
    jest.advanceTimersByTime(10_000);
    expect(lapses).toHaveLength(1);
  });

  it('take nothing once the connection has ended, and wait for nothing', async () => {
    const accepted = credentials.acceptToken('token');
    credentials.end();
    await authenticator.answer({ principal: ALICE, expiresAt: 10_000 });
    await expect(accepted).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(credentials.principal).toBeUndefined();
  });
});
