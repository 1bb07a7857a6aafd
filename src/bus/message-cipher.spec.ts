import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { bytesIn, MessageCipher } from './message-cipher.js';

describe('a sealed message', () => {
  const cipher = new MessageCipher(randomBytes(32));

  it.each([null, 'ü😀', [{ a: [1] }], 'x'.repeat(10_000)])('says what was said', (said) => {
    const json = JSON.stringify(said);
    const text = cipher.seal(json);
    expect(cipher.open(text)).toEqual(said);
    expect(bytesIn(text.length)).toBeLessThanOrEqual(Buffer.byteLength(json));
    expect(bytesIn(text.length + 8)).toBeGreaterThanOrEqual(Buffer.byteLength(json));
  });

  it('tells nobody else anything, and is never the same text', () => {
    const text = cipher.seal(JSON.stringify('x'.repeat(200)));
    expect(Buffer.from(text, 'base64').toString('latin1')).not.toContain('xxx');
    expect(cipher.seal('1')).not.toBe(cipher.seal('1'));
  });

  it('is not taken from others, or altered', () => {
    const text = cipher.seal('{"n":1}');
    expect(new MessageCipher(randomBytes(32)).open(text)).toBeUndefined();
    const bytes = Buffer.from(text, 'base64');
    for (let index = 0; index < bytes.length; index += 1) {
      const altered = Buffer.from(bytes);
      altered[index]! ^= 1;
      expect(cipher.open(altered.toString('base64'))).toBeUndefined();
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(cipher.open(bytes.subarray(0, length).toString('base64'))).toBeUndefined();
    }
  });
});
