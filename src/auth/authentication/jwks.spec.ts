import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { parseJwks } from './jwks.js';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const jwk = publicKey.export({ format: 'jwk' });
const ownJwk = privateKey.export({ format: 'jwk' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });

const messageOf = (text: string): string => {
  try {
    parseJwks(text);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a key set', () => {
  it('is taken with public keys in it, also beside those of other kinds', () => {
    const keys = [jwk, { kty: 'new' }];
    expect(parseJwks(JSON.stringify({ keys, other: 1 }))).toEqual({ keys });
  });

  it.each([
    ['no JSON', pem, 'not a JSON Web Key Set'],
    ['a single key', JSON.stringify(jwk), 'not a JSON Web Key Set'],
    ['keys that are none', '{"keys":[1]}', 'not a JSON Web Key Set'],
    ['no keys', '{"keys":[]}', 'no key'],
    ['keys of other kinds', '{"keys":[{"kty":"EC","crv":"P-521"}]}', 'no key'],
    ['a private key', JSON.stringify({ keys: [jwk, ownJwk] }), 'private'],
    ['a secret', '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}', 'secret'],
  ])('is refused with %s', (_what, text, reason) => {
    expect(messageOf(String(text))).toContain(reason);
    expect(messageOf(String(text))).not.toContain(String(ownJwk.d));
    expect(messageOf(String(text))).not.toContain('PRIVATE');
  });
});
