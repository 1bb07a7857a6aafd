import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Node options of a server whose garbage is to be collected from outside. */
export const INSPECTED = ['--inspect=127.0.0.1:0'];

/**
 * Collects a server's garbage, so that what it holds is seen and not what it has not yet thrown away.
 * @param {import('./child.js').Server} server started with {@link INSPECTED}
 */
export async function collectGarbage(server) {
  const url = /Debugger listening on (ws:\S+)/.exec(server.output.join(''))?.[1];
  if (url === undefined) throw new Error('the server was not started with --inspect');
  const socket = new WebSocket(url);
  await once(socket, 'open');
  for (let id = 1; id <= 3; id += 1) {
    socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
    await once(socket, 'message');
  }
  socket.terminate();
}
