import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, it } from '@jest/globals';
import { lateComers } from './late-comers.js';

const COUNT = 100;
/** Beside this event loop: connects and asks while that does nothing, and says how many answers have come. */
const CLIENTS = `
  const { connect } = require('node:net');
  const { parentPort, workerData: { port, asked } } = require('node:worker_threads');
  let [sent, over, answered] = [0, 0, 0];
  for (let n = 0; n < ${COUNT}; n += 1) {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n', () => {
      if ((sent += 1) < ${COUNT}) return;
      Atomics.store(asked, 0, 1);
      Atomics.notify(asked, 0);
    }));
    let text = '';
    socket.on('data', (data) => (text += data)).on('error', () => undefined).on('close', () => {
      if (text.startsWith('HTTP/1.1 200')) answered += 1;
      if ((over += 1) === ${COUNT}) parentPort.postMessage(answered);
    });
  }`;

it('are let in before the port closes: all who have asked are answered', async () => {
  const server = createServer((_request, response) => response.end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = new Int32Array(new SharedArrayBuffer(4));
  const clients = new Worker(CLIENTS, { eval: true, workerData: { port, asked } });
  await once(clients, 'online');
  // nothing is taken here meanwhile
  expect(Atomics.wait(asked, 0, 0)).not.toBe('timed-out');
  const answered = once(clients, 'message');
  await lateComers(server, 60_000);
  server.close();
  expect(await answered).toEqual([COUNT]);
  await clients.terminate();
});

it('are not waited for for ever', async () => {
  const server = createServer(() => undefined);
  const state = { isOver: false };
  const come = (): void => {
    server.emit('request');
    if (!state.isOver) setImmediate(come);
  };
  come();
  await lateComers(server, 20);
  state.isOver = true;
  expect(server.listenerCount('connection')).toBe(createServer().listenerCount('connection'));
});
