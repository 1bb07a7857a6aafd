import type pg from 'pg';
import type { Transport, TransportConnection, TransportEvents } from './transport.js';

/** How long it may take to connect, in milliseconds. */
const CONNECT_MS = 4_000;
/** How long the end of a connection may take, in milliseconds, before it is cut. */
const CLOSE_MS = 1_000;
/** So many notifications in one statement. */
const BATCH = 1_000;

/**
 * LISTEN and NOTIFY, on a connection of its own. Never within the transaction of a write: PostgreSQL lets those that notify
 * commit one after the other only.
 */
export class PostgresTransport implements Transport {
  readonly name = 'PostgreSQL LISTEN/NOTIFY';
  // a payload has less than 8,000 bytes
  readonly maxChars = 7_900;
  readonly carries = false;
  readonly advice =
    'LISTEN needs a connection that stays the same, which a pooler in transaction mode does not give; say BUS=postgres://… with an address past it';
  private readonly channel: string;

  /** @param schema of the tables: one channel for each. */
  constructor(
    private readonly url: string,
    schema: string,
  ) {
    // NAMEDATALEN: 63 bytes, and the name of a schema has up to 63
    this.channel = `atome:${schema}`.slice(0, 63);
  }

  async connect({ text, broken }: TransportEvents): Promise<TransportConnection> {
    const { default: driver } = await import('pg');
    const client = new driver.Client({
      connectionString: this.url,
      application_name: 'atome-sync bus',
      connectionTimeoutMillis: CONNECT_MS,
    });
    let isOpen = false;
    const fail = (error: unknown): void => {
      if (isOpen) broken(error);
      isOpen = false;
    };
    client.on('error', fail);
    client.on('end', () => fail(new Error('the connection has ended')));
    client.on('notification', ({ payload }) => text(payload ?? ''));
    const close = async (): Promise<void> => {
      isOpen = false;
      await ended(client);
    };
    try {
      await client.connect();
      await client.query(`LISTEN ${driver.escapeIdentifier(this.channel)}`);
    } catch (error) {
      await close();
      throw error;
    }
    isOpen = true;
    const send = async (texts: readonly string[]): Promise<void> => {
      for (let at = 0; at < texts.length; at += BATCH) {
        const batch = texts.slice(at, at + BATCH);
        await client.query('SELECT pg_notify($1, text) FROM unnest($2::text[]) AS text', [this.channel, batch]);
      }
    };
    let last = Promise.resolve();
    return {
      close,
      // one behind the other: a client that is asked while it asks warns, and will refuse
      send: async (texts) => {
        const sent = last.then(() => send(texts));
        last = sent.catch(() => undefined);
        await sent;
      },
    };
  }
}

/** Says goodbye; a server that does not answer is not waited for. */
async function ended(client: pg.Client): Promise<void> {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
  const timer = setTimeout(() => stream.destroy(), CLOSE_MS);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
  stream.destroy();
}
