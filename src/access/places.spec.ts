import { beforeEach, describe, expect, it } from '@jest/globals';
import { Authenticator, type Identity } from './authenticator.js';
import { Places } from './places.js';

const ALICE: Identity = { principal: { id: 'alice', tenant: 'acme', roles: [] }, expiresAt: null };
const BOB: Identity = { principal: { id: 'bob', tenant: 'acme', roles: [] }, expiresAt: null };

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
  const take = (name: string) => places.take((why) => lapses.push(`${name}: ${why}`));
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
    expect(lapses).toEqual(['alice: the token has been withdrawn']);
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
});
