import { EventEmitter, once } from 'node:events';
import { expect, it } from '@jest/globals';
import { Stops, type StopSignals } from './stops.js';

it('says why a process cannot end in order', async () => {
  const told = new EventEmitter();
  const signals: StopSignals = { onStop: () => undefined };
  const stops = new Stops(
    signals,
    () => undefined,
    (error) => told.emit('failed', error),
  );
  const reason = new Error('it cannot be closed');
  stops.run = () => Promise.reject(reason);
  const failed = once(told, 'failed');
  stops.begin();
  expect(await failed).toEqual([reason]);
});
