import { describe, expect, it } from '@jest/globals';
import { parsePolicies } from './kind-policies.js';

describe('policies by kind', () => {
  it('are read', () => {
    const policies = { note: { access: 'inherit', read: ['role:reader', 'group:x', 'ann', '*'], write: [] }, task: {} };
    expect(parsePolicies(JSON.stringify(policies))).toEqual(policies);
  });

  it.each([
    ['{', 'not JSON'],
    ['[]', 'must be an object of policies by kind'],
    ['{"a b":{}}', '"a b" cannot be a kind'],
    ['{"note":1}', 'the policy of "note" must be an object'],
    ['{"note":{"reads":[]}}', 'has no field "reads"; the fields are access, read, write'],
    ['{"note":{"access":"public"}}', 'wrong access: it must be "tenant", "private"'],
    ['{"note":{"read":"ann"}}', 'wrong read: it must list'],
    ['{"note":{"write":["role:owner"]}}', 'wrong write: it must list'],
    ['{"note":{"write":["group:"]}}', 'wrong write: it must list'],
  ])('are refused: %s', (text, problem) => {
    expect(() => parsePolicies(text)).toThrow(problem);
  });
});
