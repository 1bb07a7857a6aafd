import { startServer } from './child.js';
import { SECRET, token } from './token.js';

/**
 * Bounds on a single client that the load of a whole field of clients, on a few sockets, must not meet. Named in the
 * report. Variables that the server does not know mean nothing to it.
 */
const RAISED = {
  MESSAGES_PER_SECOND: '1000000',
  MESSAGE_BURST: '1000000',
  RATE_LIMIT: '0',
  REFUSED_PER_MINUTE: '0',
  MAX_CONNECTIONS: '0',
  MAX_CONNECTIONS_PER_ADDRESS: '0',
  MAX_CONNECTIONS_PER_PRINCIPAL: '0',
};

export const RAISED_LIMITS = Object.keys(RAISED).join(', ');

/**
 * @typedef {object} AtomeOptions
 * @property {boolean} [jwt]  access control on
 * @property {Record<string, string>} [environment]
 * @property {readonly string[]} [nodeOptions]
 */

/**
 * This project's server on a database.
 * @param {string} databaseUrl
 * @param {AtomeOptions} [options]
 */
export function startAtome(databaseUrl, { jwt = false, environment = {}, nodeOptions = [] } = {}) {
  const profile = process.env.BENCH_CPU_PROF;
  return startServer(
    '../dist/main.js',
    {
      PORT: '0',
      LOG_LEVEL: 'error',
      DATABASE_URL: databaseUrl,
      ...RAISED,
      ...(jwt && { AUTH: 'jwt', AUTH_JWT_SECRET: SECRET }),
      ...environment,
    },
    profile ? [...nodeOptions, '--cpu-prof', `--cpu-prof-dir=${profile}`] : nodeOptions,
  );
}

/**
 * Headers of one who may do everything.
 * @param {boolean} jwt
 * @param {string} [tenant]
 * @returns {Record<string, string>}
 */
export function credentials(jwt, tenant = 'default') {
  return jwt ? { authorization: `Bearer ${token(tenant)}` } : {};
}

/**
 * An answer of a server of ours, decoded.
 * @param {import('./child.js').Server} server
 * @param {string} path
 * @param {RequestInit} [request]
 */
export async function ask(server, path, request) {
  const answer = await fetch(new URL(path, server.url), request);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return /** @type {Promise<any>} */ (answer.json());
}
