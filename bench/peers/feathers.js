import { once } from 'node:events';
import { feathers } from '@feathersjs/feathers';
import { KnexService } from '@feathersjs/knex';
import { bodyParser, errorHandler, koa, rest } from '@feathersjs/koa';
import socketio from '@feathersjs/socketio';
import knex from 'knex';
import { sayListening } from './listening.js';
import { makeDurable, noteOf, sqlitePath, TABLE } from './store.js';

/* Feathers over Socket.IO, as its generator sets it up; with DATABASE_URL it stores through knex. */

const url = process.env.DATABASE_URL;
const app = koa(feathers());
app.use(errorHandler());
app.use(bodyParser());
app.configure(rest());
app.configure(socketio({ transports: ['websocket'] }));

app.use('messages', url ? await stored(url) : { create: async (/** @type {object} */ data) => data });
app.on('connection', (connection) => {
  if (connection.headers['x-writer'] === undefined) app.channel('readers').join(connection);
});
app.service('messages').publish(() => app.channel('readers'));

/** @param {string} database */
async function stored(database) {
  const isFile = database.startsWith('sqlite:');
  const db = knex({
    client: isFile ? 'better-sqlite3' : 'pg',
    connection: isFile ? { filename: sqlitePath(database) } : database,
    useNullAsDefault: true,
    pool: isFile
      ? {
          min: 1,
          max: 1,
          afterCreate: (/** @type {any} */ raw, /** @type {() => void} */ done) => (makeDurable(raw), done()),
        }
      : { min: 0, max: 10 },
  });
  await db.raw(TABLE);
  return new (class extends KnexService {
    /** @override */
    async create(/** @type {any} */ body) {
      const note = await super.create(noteOf(body));
      return { ...note, data: JSON.parse(note.data) };
    }
  })({ Model: db, name: 'notes', id: 'id' });
}

const server = await app.listen(0, '127.0.0.1');
if (!server.listening) await once(server, 'listening');
sayListening(server);
