import { describe, expect, it } from '@jest/globals';
import { GroupAnswers } from './group-answers.js';

describe('the answers to groups', () => {
  it('are given at once, or behind the work of this turn', async () => {
    const given: string[] = [];
    const answers = new GroupAnswers();
    answers.give(() => given.push('one'), false);
    answers.give(() => given.push('two'), true);
    expect([given.join(), answers.isPending]).toEqual(['one', true]);
    await new Promise(setImmediate);
    expect([given.join(), answers.isPending]).toEqual(['one,two', false]);
  });

  it('are given in order and once, however soon the next one comes', async () => {
    const given: string[] = [];
    const answers = new GroupAnswers();
    answers.give(() => given.push('one'), true);
    answers.give(() => given.push('two'), true);
    answers.give(() => given.push('three'), false);
    expect(given).toEqual(['one', 'two', 'three']);
    await new Promise(setImmediate);
    expect(given).toHaveLength(3);
  });
});
