import { describe, expect, it } from '@jest/globals';
import type { Identity } from './authenticator.js';
import { TokenCache } from './token-cache.js';

const identity = (id: string): Identity => ({ principal: { id, tenant: 'acme', roles: [] }, expiresAt: null });

describe('the tokens that are remembered', () => {
  it('are forgotten when they are too many, the oldest first', () => {
    const cache = new TokenCache(30);
    const tokens = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(10));
    for (const token of tokens.slice(0, 3)) cache.set(token, identity(token));
    cache.set(tokens[0]!, identity('again'));
    cache.set(tokens[3]!, identity('d'));
    expect(tokens.map((token) => cache.get(token)?.principal.id)).toEqual(['again', undefined, 'c'.repeat(10), 'd']);
    cache.set('x'.repeat(31), identity('x'));
    expect([...tokens, 'x'.repeat(31)].map((token) => cache.get(token))).toEqual(Array(5).fill(undefined));
  });

  it('make room when they are deleted', () => {
    const cache = new TokenCache(3);
    for (let i = 0; i < 10; i += 1) {
      cache.set('abc', identity('a'));
      cache.delete('abc');
      cache.delete('abc');
    }
    cache.set('def', identity('d'));
    expect(cache.get('def')).toBeDefined();
  });
});
