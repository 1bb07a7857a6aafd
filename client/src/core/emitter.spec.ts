import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createEmitter, removeListener } from './emitter.js';

const LIVE = { seq: 7 };

afterEach(() => {
  jest.restoreAllMocks();
});

describe('an emitter', () => {
  it('calls the listeners of an event in their order, then those of all events', () => {
    const emitter = createEmitter();
    const diary: unknown[] = [];
    emitter.on('*', (event) => diary.push(['*', event]));
    emitter.on('sync:live', (event) => diary.push([1, event]));
    emitter.on('sync:live', (event) => diary.push([2, event]));
    emitter.on('sync:pending', (event) => diary.push([3, event]));

    emitter.emit('sync:live', LIVE);

    expect(diary).toEqual([
      [1, LIVE],
      [2, LIVE],
      ['*', { type: 'sync:live', seq: 7 }],
    ]);
  });

  it('tells those of all events of a message under its own type', () => {
    const emitter = createEmitter();
    const [messages, all] = [jest.fn(), jest.fn()];
    emitter.on('sync:message', messages);
    emitter.on('*', all);
    const message = { type: 'presence', clientId: 'c1', state: null };

    emitter.emit('sync:message', message);

    expect([messages.mock.calls, all.mock.calls]).toEqual([[[message]], [[message]]]);
  });

  it('takes away one registration, by the returned function or by takeAway()', () => {
    const emitter = createEmitter();
    const listener = jest.fn();
    const off = emitter.on('sync:live', listener);
    emitter.on('sync:live', listener);
    emitter.on('sync:live', listener);

    off();
    off();
    removeListener(emitter, 'sync:live', listener);
    removeListener(emitter, 'sync:pending', listener);
    emitter.emit('sync:live', LIVE);

    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('does not call a listener that was taken away by one before it', () => {
    const emitter = createEmitter();
    const second = jest.fn();
    emitter.on('sync:live', () => removeListener(emitter, 'sync:live', second));
    emitter.on('sync:live', second);

    emitter.emit('sync:live', LIVE);

    expect(second).not.toHaveBeenCalled();
  });

  it('goes on after a listener that throws or rejects, and reports it as sync:error', async () => {
    const emitter = createEmitter();
    const errors: string[] = [];
    const after = jest.fn();
    emitter.on('sync:error', ({ error }) => errors.push(error.message));
    emitter.on('sync:live', () => {
      throw new Error('thrown');
    });
    emitter.on('sync:live', () => Promise.reject(new Error('rejected')));
    emitter.on('sync:live', after);

    emitter.emit('sync:live', LIVE);
    await Promise.resolve();

    expect(after).toHaveBeenCalledWith(LIVE);
    expect(errors).toEqual(['thrown', 'rejected']);
  });

  it('tells the platform when nobody listens for errors, or when that listener throws', () => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const emitter = createEmitter();
    const fail = (): never => {
      throw new Error('thrown');
    };
    emitter.on('sync:live', fail);
    emitter.emit('sync:live', LIVE);
    expect(report).toHaveBeenCalledTimes(1);

    emitter.on('sync:error', fail);
    emitter.emit('sync:live', LIVE);
    expect(report).toHaveBeenCalledTimes(2);
  });
});
