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
  readonly replication?: unknown;
}

/** Where the `DataSource` of an application leads, as a `databaseUrl`; undefined where an address cannot say it. */
export function urlOf({ options }: Pick<DataSource, 'options'>): string | undefined {
  const {
    type,
    database,
    url,
    host = 'localhost',
    port = 5432,
    username,
    password = '',
    ssl,
    replication,
  } = options as Place;
  if (typeof database === 'string' && type === 'better-sqlite3') {
    return database === '' || database.startsWith(':') ? undefined : `sqlite:${database}`;
  }
  if (type !== 'postgres' || ssl || replication) return undefined;
  if (url !== undefined) return url;
  if (username === undefined || typeof password !== 'string' || typeof database !== 'string') return undefined;
  const made = new URL(`postgres://${host}:${port}/${encodeURIComponent(database)}`);
  [made.username, made.password] = [encodeURIComponent(username), encodeURIComponent(password)];
  return made.href;
}
