import type { JSONWebKeySet, JWK } from 'jose';
import { isObject } from '../../protocol/index.js';
import { isUsable, KEY_KINDS } from './algorithms.js';

/**
 * The public keys of a JSON Web Key Set (RFC 7517 §5). Keys of a kind that is not used here are left alone.
 * @throws Error that says what is wrong, and quotes nothing: the text may be a private key.
 */
export function parseJwks(text: string): JSONWebKeySet {
  const set = decode(text);
  if (!isObject(set) || !Array.isArray(set.keys) || !set.keys.every(isObject)) {
    throw new Error('it is not a JSON Web Key Set: {"keys":[…]}');
  }
  const keys = set.keys as unknown as JWK[];
  if (keys.some(({ d, k }) => d !== undefined || k !== undefined)) {
    throw new Error('it holds a private or a secret key; leave only public keys in it');
  }
  if (!keys.some(isUsable)) {
    const names = KEY_KINDS.map(({ name, kty, crv = kty }) => `${name} (${crv})`);
    throw new Error(`it holds no key for ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`);
  }
  return { keys };
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
