import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { KEY_ALGORITHMS } from '../../../test/support/server/issuer.js';
import { KEY_KINDS, SECRET_ALGORITHM } from './algorithms.js';

const ROOT = new URL('../../../', import.meta.url);
const NAMES = KEY_KINDS.map(({ name }) => name);

describe('the algorithms of tokens', () => {
  it.each(['.env.example', 'docs/operations.md', 'docs/protocol/rights-and-accounts.md'])('are named in %s', (path) => {
    const text = readFileSync(new URL(path, ROOT), 'utf8');
    expect([SECRET_ALGORITHM, ...NAMES].filter((name) => !text.includes(name))).toEqual([]);
  });

  it('are those that the tests attack', () => {
    expect(NAMES).toEqual([...KEY_ALGORITHMS]);
  });
});
