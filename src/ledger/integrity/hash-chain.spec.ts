import { describe, expect, it } from '@jest/globals';
import { alterationRow } from '../../../test/support/ledger/rows.js';
import { chainHash, genesisHash, newSalt, payloadDigest } from './hash-chain.js';
import type { AlterationRow } from '../rows.js';

const ROW = alterationRow(7, 'a', 2, { reason: 'why', opId: 'op', superseded: '["data.x"]', snapshot: '{}' });
const PAYLOAD = ['salt', 'changes', 'reason', 'snapshot'];
const RESULT = ['digest', 'prevHash', 'hash'];
const hashOf = (row: AlterationRow): string => chainHash('before', row, payloadDigest(row));

describe('the chain', () => {
  it('is what it was: a ledger written once verifies for ever', () => {
    expect(genesisHash('default', '0')).toBe('06fc22feffb89cb571a2470ae03e20864a90ef4be76421b0f19276b24d5e8b3a');
    expect(hashOf(ROW)).toBe('fca63a845127fed8c04ccc48b0435fe3bd51a1d34e8b504a0993a7fc4e044d7b');
  });

  it('binds every field', () => {
    const fields = (Object.keys(ROW) as (keyof AlterationRow)[]).filter((field) => !RESULT.includes(field));
    const hashes = fields.map((field) => hashOf({ ...ROW, [field]: typeof ROW[field] === 'number' ? 99 : 'other' }));
    expect(new Set([hashOf(ROW), ...hashes]).size).toBe(fields.length + 1);
  });

  it('needs the digest of a payload, not the payload', () => {
    const erased = { ...ROW, ...Object.fromEntries(PAYLOAD.map((field) => [field, ''])) };
    expect(chainHash('before', erased, payloadDigest(ROW))).toBe(hashOf(ROW));
  });

  it('begins anew with each ledger', () => {
    const hashes = [genesisHash('a', 'e'), genesisHash('b', 'e'), genesisHash('a', 'f'), genesisHash('a","e', '')];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('salts each entry by itself', () => {
    const salts = Array.from({ length: 1_000 }, newSalt);
    expect(new Set(salts).size).toBe(1_000);
    expect(salts.every((salt) => /^[0-9a-f]{32}$/.test(salt))).toBe(true);
  });
});
