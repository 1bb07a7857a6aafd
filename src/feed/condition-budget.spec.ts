import { describe, expect, it } from '@jest/globals';
import { ANONYMOUS } from '../auth/authentication/anonymous.js';
import { parseCondition } from '../protocol/query/parse-condition.js';
import { ConditionBudget } from './condition-budget.js';

const alice = { id: 'alice', tenant: 'acme', roles: ['reader'] };
const of = (count: number, comparison: unknown) =>
  parseCondition({ or: Array.from({ length: count }, () => ({ 'data.t': comparison })) });

describe('the budget of conditions that are followed', () => {
  it('takes what looks through a text for ten comparisons', () => {
    const budget = new ConditionBudget();
    for (const comparison of [{ contains: 'x' }, { gte: '2026-01-01' }]) {
      const end = budget.take(alice, of(100, comparison));
      expect(() => budget.take(alice, of(1, 1))).toThrow('1000 comparisons');
      end();
    }
    for (let times = 0; times < 10; times += 1) budget.take(alice, of(100, { gte: 5 }));
    expect(() => budget.take(alice, of(1, 1))).toThrow('1000 comparisons');
  });

  it('bounds nobody by others of one name where nobody is known', () => {
    const budget = new ConditionBudget();
    for (let times = 0; times < 50; times += 1) budget.take(ANONYMOUS, of(100, 1));
    expect(() => budget.take(ANONYMOUS, of(1, 1))).toThrow('5000 comparisons');
  });
});
