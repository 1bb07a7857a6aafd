import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Authenticator, NoAuthenticator, type Identity } from '../authentication/authenticator.js';
import { ConnectionLimiter, type ConnectionLease } from './connection-limiter.js';

const ALICE: Identity = { principal: { id: 'alice', tenant: 'acme', roles: [] }, expiresAt: null };
const BOB: Identity = { principal: { id: 'bob', tenant: 'acme', roles: [] }, expiresAt: null };

const known = (id: string): Identity => ({ principal: { id, tenant: 'acme', roles: [] }, expiresAt: null });

class Withdrawing extends Authenticator {
  readonly required = true;
  readonly withdrawn = new Set<Identity>();
  refreshed = 0;

  authenticate(): Promise<Identity> {
    return Promise.resolve(ALICE);
  }

  override isCurrent(identity: Identity): boolean {
    return !this.withdrawn.has(identity);
  }

  override refresh(): Promise<void> {
    this.refreshed += 1;
    return Promise.resolve();
  }
}

describe('the places', () => {
  let authenticator: Withdrawing;
  let connectionLimiter: ConnectionLimiter;
  let lapses: string[];
  const take = (name: string) => connectionLimiter.acquire('127.0.0.1', (why) => lapses.push(`${name}: ${why}`));
  beforeEach(() => {
    authenticator = new Withdrawing();
    connectionLimiter = new ConnectionLimiter(authenticator);
    lapses = [];
  });

  it('are kept by those whose identity is good, and by those not yet known', async () => {
    take('alice').assign(ALICE);
    take('somebody');
    await connectionLimiter.check();
    expect({ lapses, refreshed: authenticator.refreshed }).toEqual({ lapses: [], refreshed: 1 });
  });

  it('are lost, once, by those whose identity is good no longer', async () => {
    take('alice').assign(ALICE);
    take('bob').assign(BOB);
    authenticator.withdrawn.add(ALICE);
    await connectionLimiter.check();
    await connectionLimiter.check();
    expect(lapses).toEqual(['alice: withdrawn']);
  });

  it('are lost when a clock that has been put right says that their token has expired', async () => {
    let now = 0;
    connectionLimiter = new ConnectionLimiter(authenticator, undefined, () => now);
    const renewed = take('renewed');
    const expiresAt = 600_000;
    [take('alice'), renewed].forEach((lease) => lease.assign({ ...ALICE, expiresAt }));
    renewed.assign({ ...ALICE, expiresAt: expiresAt + 1 });
    await connectionLimiter.check();
    expect(lapses).toEqual([]);
    now = expiresAt;
    await connectionLimiter.check();
    expect(lapses).toEqual(['alice: expired']);
    renewed.release();
  });

  it('are not lost by those who have left, or have a newer token', async () => {
    const [gone, renewed] = [take('gone'), take('renewed')];
    [gone, renewed].forEach((lease) => lease.assign(ALICE));
    gone.release();
    renewed.assign(BOB);
    authenticator.withdrawn.add(ALICE);
    await connectionLimiter.check();
    expect(lapses).toEqual([]);
  });

  it('are lost when the newest token expires, by the time that all servers go by', () => {
    jest.useFakeTimers({ now: 0 });
    const ahead = 300_000;
    connectionLimiter = new ConnectionLimiter(authenticator, undefined, () => Date.now() + ahead);
    const [renewed, gone] = [take('renewed'), take('gone')];
    for (const lease of [renewed, gone]) lease.assign({ ...ALICE, expiresAt: ahead + 1_000 });
    renewed.assign({ ...ALICE, expiresAt: ahead + 2_000 });
    gone.release();
    jest.advanceTimersByTime(1_999);
    expect(lapses).toEqual([]);
    jest.advanceTimersByTime(60_000);
    expect(lapses).toEqual(['renewed: expired']);
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('are so many in all, for each address, and for each principal', () => {
    connectionLimiter = new ConnectionLimiter(authenticator, {
      total: 5,
      perAddress: 3,
      perPrincipal: 2,
      unauthenticated: 0,
    });
    const at = (address: string) => connectionLimiter.acquire(address, () => undefined);
    const [first] = ['x', 'y', 'z'].map((id) => {
      const lease = at('a');
      lease.assign(known(id));
      return lease;
    }) as [ConnectionLease];
    expect(connectionLimiter.refusal('a')).toMatchObject({
      code: 'rate_limited',
      details: { retryAfter: expect.any(Number) },
    });
    const [, other] = [at('b'), at('b')];
    expect(connectionLimiter.refusal('c')).toMatchObject({ code: 'unavailable' });
    first.release();
    first.release();
    expect(connectionLimiter.refusal('a')).toBeUndefined();

    const mine = [at('a'), at('b')];
    mine.forEach((lease) => lease.assign(ALICE));
    expect(() => other.assign(ALICE)).toThrow('too many');
    other.assign(BOB);
    mine[0]!.assign({ ...ALICE });
    mine[0]!.release();
    at('a').assign(ALICE);
  });

  it('of strangers are lost by the oldest, not by those who have said who they are', () => {
    connectionLimiter = new ConnectionLimiter(authenticator, {
      total: 0,
      perAddress: 0,
      perPrincipal: 0,
      unauthenticated: 2,
    });
    take('alice').assign(ALICE);
    for (const name of ['one', 'two', 'three', 'four']) take(name);
    expect(lapses).toEqual(['one: displaced', 'two: displaced']);
  });

  it('of an address that strangers fill are lost by the oldest of them, and by nobody elsewhere', () => {
    connectionLimiter = new ConnectionLimiter(authenticator, {
      total: 0,
      perAddress: 2,
      perPrincipal: 0,
      unauthenticated: 0,
    });
    const at = (address: string, name: string) =>
      connectionLimiter.acquire(address, (why) => lapses.push(`${name}: ${why}`));
    at('b', 'elsewhere');
    at('a', 'oldest');
    at('a', 'alice').assign(ALICE);
    expect(connectionLimiter.refusal('a')).toBeUndefined();
    at('a', 'bob').assign(BOB);
    expect(lapses).toEqual(['oldest: displaced']);
    expect(connectionLimiter.refusal('a')).toMatchObject({ code: 'rate_limited' });
  });

  it('of an address are refused when it is full, where nobody is known anyway', () => {
    connectionLimiter = new ConnectionLimiter(new NoAuthenticator(), {
      total: 0,
      perAddress: 1,
      perPrincipal: 0,
      unauthenticated: 1,
    });
    take('somebody');
    expect(connectionLimiter.refusal('127.0.0.1')).toMatchObject({ code: 'rate_limited' });
    expect(lapses).toEqual([]);
  });

  it('leave nothing behind', () => {
    connectionLimiter = new ConnectionLimiter(authenticator, {
      total: 1,
      perAddress: 1,
      perPrincipal: 1,
      unauthenticated: 1,
    });
    for (let i = 0; i < 100; i += 1) {
      expect(connectionLimiter.refusal('a')).toBeUndefined();
      const lease = connectionLimiter.acquire('a', () => undefined);
      lease.assign(ALICE);
      if (i % 2) lease.release();
      else lease.revoke('withdrawn');
    }
  });
});
