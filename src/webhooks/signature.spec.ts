import { describe, expect, it } from '@jest/globals';
import { messageId, newSecret, signedHeaders } from './signature.js';

describe('the signature of a message', () => {
  it('is that of the reference implementation for its example', () => {
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', seconds: 1_614_265_330, body: '{"test": 2432232314}' };
    expect(signedHeaders(message, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])).toEqual({
      'webhook-id': message.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is there for each secret', () => {
    const { 'webhook-signature': both = '' } = signedHeaders({ id: 'a', seconds: 1, body: 'b' }, [
      newSecret(),
      newSecret(),
    ]);
    expect(both).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
    expect(new Set(both.split(' ')).size).toBe(2);
  });

  it('goes with an id that is another for each webhook and alteration', () => {
    const ids = [messageId('a', 'b'), messageId('a', 'c'), messageId('b', 'b')];
    expect([new Set(ids).size, messageId('a', 'b')]).toEqual([3, ids[0]]);
    expect(ids.every((id) => /^msg_[0-9a-f]{40}$/.test(id))).toBe(true);
  });
});
