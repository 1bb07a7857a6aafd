import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { committed } from '../../test/support/ledger/committed.js';
import { Carrier } from './carried.js';

const HINT = '["0123456789ab","t",2]';

describe('what is carried', () => {
  const carrier = new Carrier(randomBytes(32));

  it('is what was committed', () => {
    const two = [committed(1), committed(2, { id: 'b' })];
    expect(carrier.unpack(carrier.pack(two, HINT)!, HINT)).toEqual(two);
  });

  it('tells nobody else anything, and is never the same text', () => {
    const text = carrier.pack([committed(1, { sourceClient: 'x'.repeat(200) })], HINT)!;
    expect(Buffer.from(text, 'base64').toString('latin1')).not.toContain('xxx');
    expect(carrier.pack([committed(1)], HINT)).not.toBe(carrier.pack([committed(1)], HINT));
  });

  it('is not taken from others, with another hint, or altered', () => {
    const text = carrier.pack([committed(1)], HINT)!;
    expect(new Carrier(randomBytes(32)).unpack(text, HINT)).toBeUndefined();
    expect(carrier.unpack(text, '["0123456789ab","u",2]')).toBeUndefined();
    const bytes = Buffer.from(text, 'base64');
    for (let index = 0; index < bytes.length; index += 1) {
      const altered = Buffer.from(bytes);
      altered[index]! ^= 1;
      expect(carrier.unpack(altered.toString('base64'), HINT)).toBeUndefined();
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(carrier.unpack(bytes.subarray(0, length).toString('base64'), HINT)).toBeUndefined();
    }
  });

  it('is not too much', () => {
    expect(carrier.pack([committed(1, { size: 20_000 })], HINT)).toBeUndefined();
  });
});
