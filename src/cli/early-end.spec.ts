import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { onEarlyEnd } from './early-end.js';

describe('a process that is asked to end early', () => {
  const end = jest.fn();
  const kill = jest.fn<(pid: number, signal?: string | number) => true>();
  let events: EventEmitter;
  let stop: () => void;
  beforeEach(() => {
    jest.useFakeTimers();
    [end, kill].forEach((each) => each.mockClear());
    events = new EventEmitter();
    stop = onEarlyEnd(end, Object.assign(events, { kill, pid: 1 }) as unknown as NodeJS.Process);
  });
  afterEach(() => void jest.useRealTimers());

  const send = (signal: NodeJS.Signals): boolean => events.emit(signal, signal);

  it('takes a signal that comes twice, by way of npm, for one', () => {
    send('SIGINT');
    jest.advanceTimersByTime(99);
    // nobody but whoever listens keeps it from ending the process
    expect([send('SIGINT'), send('SIGTERM')]).toEqual([true, true]);
    expect(end).toHaveBeenCalledTimes(1);
    expect(kill).not.toHaveBeenCalled();
  });

  it('ends at once when it is asked again', () => {
    send('SIGINT');
    jest.advanceTimersByTime(100);
    send('SIGINT');
    expect(end).toHaveBeenCalledTimes(1);
    expect(kill.mock.calls).toEqual([[1, 'SIGINT']]);
    // by what the signal usually does
    expect(send('SIGINT')).toBe(false);
  });

  it('leaves signals alone when there is nothing to be ended any more', () => {
    stop();
    expect([send('SIGINT'), send('SIGTERM')]).toEqual([false, false]);
    expect(end).not.toHaveBeenCalled();
  });
});
