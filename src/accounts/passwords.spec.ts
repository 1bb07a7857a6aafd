import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { refusal } from '../../test/support/refusal.js';
import { parsePassword, Passwords } from './passwords.js';

const PASSWORD = 'correct horse battery staple';

describe('passwords', () => {
  it.each(['x'.repeat(9), 'x'.repeat(1_025), '€'.repeat(342), `${PASSWORD}\udc00`, '', null, 1])(
    'are not %j',
    (input) => expect(refusal(() => parsePassword(input))).toEqual(['invalid']),
  );

  it.each(['x'.repeat(10), 'x'.repeat(1_024), '€'.repeat(341), '🐎'.repeat(10), '          '])('may be %j', (input) => {
    expect(parsePassword(input)).toBe(input);
  });

  it('are hashed with argon2id, 19 MiB, two passes and a salt of their own', async () => {
    const passwords = new Passwords();
    const hashes = await Promise.all([passwords.hash(PASSWORD, 'a'), passwords.hash(PASSWORD, 'a')]);
    for (const hash of hashes) expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it('are the same however the keyboard composes them', async () => {
    const passwords = new Passwords();
    const hash = await passwords.hash(parsePassword('Ångström Ångström'.normalize('NFC')), 'a');
    expect(await passwords.verify('Ångström Ångström'.normalize('NFD'), hash, 'a')).toBe(true);
    expect(await passwords.verify('Angstrom Angstrom', hash, 'a')).toBe(false);
  });

  it('are never those of nobody', async () => {
    expect(await new Passwords().verify('the password of nobody', undefined, 'a')).toBe(false);
  });

  describe('of many', () => {
    let held: (() => void)[];
    let passwords: Passwords;
    /** Addresses, in the order of their turns. */
    let turns: string[];
    beforeEach(() => {
      [held, turns] = [[], []];
      const hold = () => new Promise<boolean>((resolve) => held.push(() => resolve(true)));
      passwords = new Passwords({ hash: () => Promise.resolve('hash'), verify: hold });
    });

    const come = (count: number, address: string): Promise<unknown>[] =>
      Array.from({ length: count }, () =>
        passwords
          .verify(PASSWORD, 'hash', address, () => void turns.push(address))
          .catch((error: unknown) => (error as { code: string }).code),
      );
    const finish = async (count: number): Promise<void> => {
      for (let left = count; left > 0; left -= 1) {
        while (held.length < Math.min(2, left)) await setImmediate();
        expect(held.length).toBeLessThanOrEqual(2);
        held.shift()!();
      }
    };

    it('are looked at two at once, and only so many of an address wait', async () => {
      const attempts = come(300, 'a');
      await Promise.all(attempts.slice(258));
      await finish(258);
      const answers = await Promise.all(attempts);
      expect(answers).toEqual([...Array<boolean>(258).fill(true), ...Array<string>(42).fill('rate_limited')]);
    });

    it('are looked at in turn: who logs in much waits for themselves', async () => {
      const attempts = [
        ...come(60, 'a'),
        ...come(60, '2001:db8:0:1::'),
        ...come(60, '2001:db8:0:2::'),
        ...come(2, 'b'),
      ];
      await finish(182);
      await Promise.all(attempts);
      expect(turns.lastIndexOf('b')).toBeLessThan(10);
    });
  });

  it('make room when a turn is given up', async () => {
    const passwords = new Passwords();
    const refuse = (): never => {
      throw new Error('too late');
    };
    const attempts = Array.from({ length: 10 }, () => passwords.verify(PASSWORD, undefined, 'a', refuse));
    expect((await Promise.allSettled(attempts)).map(({ status }) => status)).toEqual(Array(10).fill('rejected'));
    expect(await passwords.verify(PASSWORD, undefined, 'a')).toBe(false);
  });
});
