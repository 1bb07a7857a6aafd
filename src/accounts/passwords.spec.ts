import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
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
    const hashes = await Promise.all([passwords.hash(PASSWORD), passwords.hash(PASSWORD)]);
    for (const hash of hashes) expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it('are the same however the keyboard composes them', async () => {
    const passwords = new Passwords();
    const hash = await passwords.hash(parsePassword('Ångström Ångström'.normalize('NFC')));
    expect(await passwords.verify('Ångström Ångström'.normalize('NFD'), hash)).toBe(true);
    expect(await passwords.verify('Angstrom Angstrom', hash)).toBe(false);
  });

  it('are never those of nobody', async () => {
    expect(await new Passwords().verify('the password of nobody', undefined)).toBe(false);
  });

  it('are looked at two at once, and only so many wait', async () => {
    const held: ((isRight: boolean) => void)[] = [];
    const passwords = new Passwords({
      hash: () => Promise.resolve('hash'),
      verify: () => new Promise((resolve) => held.push(resolve)),
    });
    const attempts = Array.from({ length: 300 }, () =>
      passwords.verify(PASSWORD, 'hash').catch((error: unknown) => (error as { code: string }).code),
    );
    await Promise.all(attempts.slice(258));
    for (let left = 258; left > 0; left -= 1) {
      expect(held).toHaveLength(Math.min(2, left));
      held.shift()!(true);
      await setImmediate();
    }
    const answers = await Promise.all(attempts);
    expect(answers).toEqual([...Array<boolean>(258).fill(true), ...Array<string>(42).fill('unavailable')]);
  });

  it('make room when a turn is given up', async () => {
    const passwords = new Passwords();
    const refuse = (): never => {
      throw new Error('too late');
    };
    const attempts = Array.from({ length: 10 }, () => passwords.verify(PASSWORD, undefined, refuse));
    expect((await Promise.allSettled(attempts)).map(({ status }) => status)).toEqual(Array(10).fill('rejected'));
    expect(await passwords.verify(PASSWORD, undefined)).toBe(false);
  });
});
