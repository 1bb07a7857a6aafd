import { NatsTransport } from './nats.transport.js';
import { PostgresTransport } from './postgres.transport.js';
import type { Transport } from './transport.js';

/** Where a bus is, and what it serves. */
export interface BusOptions {
  /** `off`, `postgres`, `postgres://…`, `nats://…` or `tls://…`; left out: `postgres` on PostgreSQL, else `off`. */
  readonly bus?: string | undefined;
  /** A file of credentials, for NATS. */
  readonly busCredentials?: string | undefined;
  /** A file of certificates, for NATS over TLS. */
  readonly busCa?: string | undefined;
  readonly databaseUrl: string;
  readonly schema: string;
}

/** What a bus may be called; `postgres` needs that to be the database. */
export const BUS_EXPECTED =
  'off, postgres (with a database there), postgres://user:password@host:5432/database, nats://host:4222 or tls://host:4222';
export const BUS_PATTERN = /^(?:off|postgres|postgres(?:ql)?:\/\/.+|(?:nats|tls):\/\/.+)$/;

/** The way to the other nodes, or undefined where there are none. */
export function transportOf({ bus, busCredentials, busCa, databaseUrl, schema }: BusOptions): Transport | undefined {
  const isPostgres = databaseUrl.startsWith('postgres');
  const chosen = bus ?? (isPostgres ? 'postgres' : 'off');
  if (chosen === 'off') return undefined;
  if (chosen === 'postgres') return new PostgresTransport(databaseUrl, schema);
  return chosen.startsWith('postgres')
    ? new PostgresTransport(chosen, schema)
    : new NatsTransport(chosen, { credentials: busCredentials, ca: busCa });
}
