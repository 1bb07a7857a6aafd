import { credentials, startAtome } from '../lib/atome.js';
import { startServer } from '../lib/child.js';

/*
 * Who takes part. Each knows how its server is started, and how it is spoken to.
 */

/**
 * @typedef {object} Broadcaster
 * @property {string} name
 * @property {boolean} own
 * @property {string} dialect
 * @property {boolean} jwt
 * @property {string} [restPath]  where it creates over HTTP
 * @property {(databaseUrl: string, nodeOptions?: readonly string[]) => Promise<import('../lib/child.js').Server>} start
 */

/**
 * @param {'range' | 'plain'} dialect
 * @param {boolean} [jwt]
 * @returns {Broadcaster}
 */
export function atome(dialect, jwt = false) {
  return {
    name: `atome-sync ${dialect}${jwt ? ', jwt' : ''}`,
    own: true,
    dialect,
    jwt,
    restPath: '/api/atome/create',
    start: (databaseUrl, nodeOptions) => startAtome(databaseUrl, { jwt, nodeOptions }),
  };
}

/**
 * @param {string} name
 * @param {string} script
 * @param {string} dialect
 * @param {Record<string, string>} [environment]
 * @returns {Broadcaster}
 */
function peer(name, script, dialect, environment = {}) {
  return {
    name,
    own: false,
    dialect,
    jwt: false,
    start: (_databaseUrl, nodeOptions) => startServer(script, environment, nodeOptions),
  };
}

/** Peers that hand on what they are sent, and store nothing. */
export const HANDING_ON = {
  loop: peer('ws, loop of send', 'peers/ws.js', 'ws', { MODE: 'loop' }),
  shared: peer('ws, framed once', 'peers/ws.js', 'ws', { MODE: 'shared' }),
  limit: peer('limit: one frame a turn', 'peers/ws.js', 'batched', { MODE: 'batched' }),
  socketIo: peer('Socket.IO', 'peers/socketio.js', 'socket.io'),
  feathers: peer('Feathers + Socket.IO', 'peers/feathers.js', 'feathers'),
  nest: peer('Nest + platform-ws', 'peers/nest.js', 'ws'),
};

/**
 * Peers that store what they are sent by HTTP, and tell their subscribers.
 * @type {readonly Broadcaster[]}
 */
export const STORING = [
  {
    ...HANDING_ON.feathers,
    name: 'Feathers + knex',
    restPath: '/messages',
    start: (databaseUrl) => startServer('peers/feathers.js', { DATABASE_URL: databaseUrl }),
  },
  {
    ...HANDING_ON.nest,
    name: 'Nest + TypeORM save()',
    restPath: '/notes',
    start: (databaseUrl) => startServer('peers/nest.js', { DATABASE_URL: databaseUrl }),
  },
];

/** @type {Broadcaster} */
export const RAW_FASTIFY = {
  name: 'Fastify, one INSERT each',
  own: false,
  dialect: '',
  jwt: false,
  restPath: '/notes',
  start: (databaseUrl) => startServer('peers/fastify.js', { DATABASE_URL: databaseUrl }),
};

/** The readers of one tenant. @param {Broadcaster} contestant @param {number} readers */
export function oneGroup({ jwt }, readers) {
  return [{ readers, headers: credentials(jwt) }];
}
