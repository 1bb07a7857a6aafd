import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { MessageCipher, sealedChars } from './message-cipher.js';

const LINE = '["0123456789ab","t",2]';

describe('a sealed message', () => {
  const cipher = new MessageCipher(randomBytes(32));

  it.each([null, 'ü😀', [{ a: [1] }], 'x'.repeat(10_000)])('says what was said', (said) => {
    const json = JSON.stringify(said);
    const text = cipher.seal(json, LINE);
    expect(cipher.open(text, LINE)).toEqual(said);
    expect(text.length).toBeLessThanOrEqual(sealedChars(Buffer.byteLength(json)));
  });

  it('tells nobody else anything, and is never the same text', () => {
    const text = cipher.seal(JSON.stringify('x'.repeat(200)), LINE);
    expect(Buffer.from(text, 'base64').toString('latin1')).not.toContain('xxx');
    expect(cipher.seal('1', LINE)).not.toBe(cipher.seal('1', LINE));
  });

  it('is not taken from others, with another line, or altered', () => {
    const text = cipher.seal('{"n":1}', LINE);
    expect(new MessageCipher(randomBytes(32)).open(text, LINE)).toBeUndefined();
    expect(cipher.open(text, '["0123456789ab","u",2]')).toBeUndefined();
    const bytes = Buffer.from(text, 'base64');
    for (let index = 0; index < bytes.length; index += 1) {
      const altered = Buffer.from(bytes);
      altered[index]! ^= 1;
      expect(cipher.open(altered.toString('base64'), LINE)).toBeUndefined();
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(cipher.open(bytes.subarray(0, length).toString('base64'), LINE)).toBeUndefined();
    }
  });
});
