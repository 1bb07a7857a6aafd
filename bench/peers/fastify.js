import { fastify } from 'fastify';
import { sayListening } from './listening.js';
import { noteOf, openStore } from './store.js';

/* Fastify with nothing on it: one prepared INSERT for each request. */

const insert = await openStore(process.env.DATABASE_URL ?? '');
const app = fastify();
app.post('/notes', async (request, reply) => {
  const note = noteOf(/** @type {{ kind: string, data: object }} */ (request.body));
  await insert(note);
  reply.status(201);
  return { success: true, id: note.id, data: /** @type {any} */ (request.body).data };
});
await app.listen({ port: 0, host: '127.0.0.1' });
sayListening(app.server);
