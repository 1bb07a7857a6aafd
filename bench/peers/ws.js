import { once } from 'node:events';
import * as ws from 'ws';
import { sayListening } from './listening.js';

/*
 * `ws`, handing on what it is sent. MODE=loop: `send` to each, as its documentation has it. MODE=shared: framed once,
 * written to each. MODE=batched: the limit, all messages of a turn in one frame, one write for each socket.
 */

const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1' });
/** @type {Set<import('ws').WebSocket>} */
const readers = new Set();

server.on('connection', (socket, request) => {
  if (request.headers['x-writer'] === undefined) readers.add(socket);
  socket.on('close', () => readers.delete(socket));
  socket.on('error', () => socket.terminate());
  socket.on('message', (data) =>
    HANDLERS[/** @type {keyof typeof HANDLERS} */ (process.env.MODE ?? 'loop')](data.toString()),
  );
  socket.send('{"type":"ready"}');
});

const HANDLERS = {
  loop(/** @type {string} */ text) {
    for (const each of readers) if (each.readyState === each.OPEN) each.send(text);
  },
  shared(/** @type {string} */ text) {
    writeToAll(frameOf(text));
  },
  batched(/** @type {string} */ text) {
    if (pending.push(text) === 1) setImmediate(flush);
  },
};

/** @type {string[]} */
let pending = [];
let seq = 0;

function flush() {
  const from = seq;
  seq += pending.length;
  const frame = frameOf(`{"type":"events","from":${from},"to":${seq},"events":[${pending.join(',')}]}`);
  pending = [];
  writeToAll(frame);
}

/** @param {string} text */
function frameOf(text) {
  const options = { fin: true, opcode: 1, mask: false, readOnly: false, rsv1: false };
  return Buffer.concat(/** @type {any} */ (ws).Sender.frame(Buffer.from(text), options));
}

/** @param {Buffer} frame */
function writeToAll(frame) {
  for (const each of readers) /** @type {any} */ (each)._socket.write(frame);
}

await once(server, 'listening');
sayListening(/** @type {any} */ (server)._server);
