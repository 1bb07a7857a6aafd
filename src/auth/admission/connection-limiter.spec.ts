import { beforeEach, describe, expect, it } from '@jest/globals';
import { Authenticator, NoAuthenticator, type Identity } from '../authentication/authenticator.js';
import { Places, type Place } from './connection-limiter.js';

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
  let places: Places;
  let lapses: string[];
  const take = (name: string) => places.take('127.0.0.1', (why) => lapses.push(`${name}: ${why}`));
  beforeEach(() => {
    authenticator = new Withdrawing();
    places = new Places(authenticator);
    lapses = [];
  });

  it('are kept by those whose identity is good, and by those not yet known', async () => {
    take('alice').belongTo(ALICE);
    take('somebody');
    await places.check();
    expect({ lapses, refreshed: authenticator.refreshed }).toEqual({ lapses: [], refreshed: 1 });
  });

  it('are lost, once, by those whose identity is good no longer', async () => {
    take('alice').belongTo(ALICE);
    take('bob').belongTo(BOB);
    authenticator.withdrawn.add(ALICE);
    await places.check();
    await places.check();
    expect(lapses).toEqual(['alice: withdrawn']);
  });

  it('are not lost by those who have left, or have a newer token', async () => {
    const [gone, renewed] = [take('gone'), take('renewed')];
    [gone, renewed].forEach((place) => place.belongTo(ALICE));
    gone.leave();
    renewed.belongTo(BOB);
    authenticator.withdrawn.add(ALICE);
    await places.check();
    expect(lapses).toEqual([]);
  });

  it('are so many in all, for each address, and for each principal', () => {
    places = new Places(authenticator, { total: 5, perAddress: 3, perPrincipal: 2, unauthenticated: 0 });
    const at = (address: string) => places.take(address, () => undefined);
    const [first] = ['x', 'y', 'z'].map((id) => {
      const place = at('a');
      place.belongTo(known(id));
      return place;
    }) as [Place];
    expect(places.refusal('a')).toMatchObject({ code: 'rate_limited', details: { retryAfter: expect.any(Number) } });
    const [, other] = [at('b'), at('b')];
    expect(places.refusal('c')).toMatchObject({ code: 'unavailable' });
    first.leave();
    first.leave();
    expect(places.refusal('a')).toBeUndefined();

    const mine = [at('a'), at('b')];
    mine.forEach((place) => place.belongTo(ALICE));
    expect(() => other.belongTo(ALICE)).toThrow('too many');
    other.belongTo(BOB);
    mine[0]!.belongTo({ ...ALICE });
    mine[0]!.leave();
    at('a').belongTo(ALICE);
  });

  it('of strangers are lost by the oldest, not by those who have said who they are', () => {
    places = new Places(authenticator, { total: 0, perAddress: 0, perPrincipal: 0, unauthenticated: 2 });
    take('alice').belongTo(ALICE);
    for (const name of ['one', 'two', 'three', 'four']) take(name);
    expect(lapses).toEqual(['one: displaced', 'two: displaced']);
  });

  it('of an address that strangers fill are lost by the oldest of them, and by nobody elsewhere', () => {
    places = new Places(authenticator, { total: 0, perAddress: 2, perPrincipal: 0, unauthenticated: 0 });
    const at = (address: string, name: string) => places.take(address, (why) => lapses.push(`${name}: ${why}`));
    at('b', 'elsewhere');
    at('a', 'oldest');
    at('a', 'alice').belongTo(ALICE);
    expect(places.refusal('a')).toBeUndefined();
    at('a', 'bob').belongTo(BOB);
    expect(lapses).toEqual(['oldest: displaced']);
    expect(places.refusal('a')).toMatchObject({ code: 'rate_limited' });
  });

  it('of an address are refused when it is full, where nobody is known anyway', () => {
    places = new Places(new NoAuthenticator(), { total: 0, perAddress: 1, perPrincipal: 0, unauthenticated: 1 });
    take('somebody');
    expect(places.refusal('127.0.0.1')).toMatchObject({ code: 'rate_limited' });
    expect(lapses).toEqual([]);
  });

  it('leave nothing behind', () => {
    places = new Places(authenticator, { total: 1, perAddress: 1, perPrincipal: 1, unauthenticated: 1 });
    for (let i = 0; i < 100; i += 1) {
      expect(places.refusal('a')).toBeUndefined();
      const place = places.take('a', () => undefined);
      place.belongTo(ALICE);
      if (i % 2) place.leave();
      else place.lapse('withdrawn');
    }
  });
});
