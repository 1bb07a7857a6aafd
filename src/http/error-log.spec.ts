import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { errorLog } from './error-log.js';

describe('the log of what fails', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const lines = (): string[] => {
    const told: string[] = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown) => void told.push(String(line)));
    return told;
  };
  const first = (): Error => new TypeError('first');
  const second = (): Error => new TypeError('second');

  it('tells of one fault once, however often it is met', () => {
    const told = lines();
    const onError = errorLog('Test');
    for (let times = 0; times < 100; times += 1) onError(first());
    expect(told).toEqual([expect.stringContaining('TypeError: first')]);
  });

  it('tells of two faults of one kind in two places', () => {
    const told = lines();
    const onError = errorLog('Test');
    for (let times = 0; times < 10; times += 1) [first(), second()].forEach((error) => onError(error));
    expect(told).toEqual([expect.stringContaining('first'), expect.stringContaining('second')]);
  });

  it.each([['a text'], [undefined], [null], [{ code: 'X' }]])('takes %j for an error too', (thrown) => {
    const told = lines();
    const onError = errorLog('Test');
    onError(thrown);
    onError(thrown);
    expect(told).toHaveLength(1);
  });
});
