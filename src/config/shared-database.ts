import type { DataSource } from 'typeorm';

/** What TypeORM is told of a database, as far as an address can say it. */
interface Place {
  readonly type?: string;
  readonly database?: unknown;
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: unknown;
  readonly ssl?: unknown;
  readonly extra?: object | null;
  readonly replication?: unknown;
}

/** What `extra` may say that no address has to: how the driver keeps its connections. */
const POOLED: ReadonlySet<string> = new Set([
  'max',
  'min',
  'maxUses',
  'maxLifetimeSeconds',
  'idleTimeoutMillis',
  'connectionTimeoutMillis',
  'allowExitOnIdle',
]);

/** Where the `DataSource` of an application leads, as a `databaseUrl`; undefined where an address cannot say it. */
export function urlOf({ options }: Pick<DataSource, 'options'>): string | undefined {
  const { type, database, url, host, port, username, password, ssl, extra, replication } = options as Place;
  if (typeof database === 'string' && type === 'better-sqlite3') {
    return database === '' || database.startsWith(':') ? undefined : `sqlite:${database}`;
  }
  const isMore = Object.entries(extra ?? {}).some(([name, value]) => value && !POOLED.has(name));
  if (type !== 'postgres' || ssl || isMore || replication) return undefined;
  const parts = [host, port, username, password, database];
  // TypeORM puts both together
  if (url) return parts.some((part) => part !== undefined) ? undefined : url;
  const given = [username, password ?? '', database];
  if (!given.every((part) => typeof part === 'string')) return undefined;
  const [user, secret, name] = given.map(encodeURIComponent);
  // a socket is a path, and an address of IPv6 has colons
  const address = `postgres://${host ?? 'localhost'}:${port ?? 5432}/${name}`;
  if (!/^[\w.-]*$/.test(host ?? '') || !URL.canParse(address)) return undefined;
  return Object.assign(new URL(address), { username: user, password: secret }).href;
}
