import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { sayListening } from './listening.js';

/* Socket.IO, handing on what it is sent. */

const http = createServer();
const io = new Server(http, { transports: ['websocket'] });
io.on('connection', (socket) => {
  if (socket.handshake.headers['x-writer'] === undefined) void socket.join('readers');
  socket.on('publish', (event) => io.to('readers').emit('event', event));
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');
sayListening(http);
