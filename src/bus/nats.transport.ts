import { readFileSync } from 'node:fs';
import type * as Nats from '@nats-io/transport-node';
import type { Transport, TransportConnection, TransportEvents } from './transport.js';

const SUBJECT = 'atome-sync.hints';

/** Paths of what is needed to be let in. */
export interface NatsFiles {
  /** A `.creds` file, or one with the seed of an NKey. */
  readonly credentials?: string | undefined;
  /** Certificates of those whose signature on the server's is trusted, in place of the usual ones. */
  readonly ca?: string | undefined;
}

/** Core NATS: what is not heard is gone, and the ledger has it. */
export class NatsTransport implements Transport {
  readonly name = 'NATS';
  // a server takes 1 MB, unless it is told otherwise
  readonly maxChars = 256 * 1024;
  readonly carries = true;
  readonly advice = `the user needs the right to publish and to subscribe to ${SUBJECT}`;

  /** @param url nats:// or tls://, perhaps with user and password, or a token in the place of the user. */
  constructor(
    private readonly url: string,
    private readonly files: NatsFiles = {},
  ) {}

  async connect({ text, broken }: TransportEvents): Promise<TransportConnection> {
    const nats = await load();
    const connection = await nats.connect(this.optionsFor(nats)).catch(explain);
    let isClosed = false;
    connection.subscribe(SUBJECT, {
      callback: (error, message) => {
        if (error) broken(error);
        else text(message.string());
      },
    });
    void connection.closed().then((error) => {
      if (!isClosed) broken(error ?? new Error('the connection has ended'));
    });
    return {
      send: async (texts) => {
        for (const each of texts) connection.publish(SUBJECT, each);
        await connection.flush();
      },
      close: async () => {
        isClosed = true;
        await connection.close();
      },
    };
  }

  private optionsFor(nats: typeof Nats): Nats.ConnectionOptions {
    const { protocol, hostname, port } = new URL(this.url);
    return {
      servers: `${hostname}:${port || '4222'}`,
      name: 'atome-sync',
      // the bus connects again by itself, and says so
      reconnect: false,
      ...(protocol === 'tls:' && { tls: this.files.ca === undefined ? {} : { caFile: this.files.ca } }),
      ...this.identity(nats),
    };
  }

  private identity({ credsAuthenticator, nkeyAuthenticator }: typeof Nats): Nats.ConnectionOptions {
    if (this.files.credentials !== undefined) {
      const secret = readFileSync(this.files.credentials);
      const seed = secret.toString('utf8').trim();
      return {
        authenticator: seed.startsWith('SU') ? nkeyAuthenticator(Buffer.from(seed)) : credsAuthenticator(secret),
      };
    }
    const { username, password } = new URL(this.url);
    const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
    if (pass !== '') return { user, pass };
    return user === '' ? {} : { token: user };
  }
}

/** @throws Error that says what helps where a certificate is not trusted. */
function explain(error: unknown): never {
  const { message } = error as Error;
  if (!/certificate|altname/i.test(message)) throw error;
  throw new Error(`${message}: the certificate has to name the host of BUS, signed by whom BUS_CA names`, {
    cause: error,
  });
}

/** @throws Error that says how to get it, where it is not installed. */
async function load(): Promise<typeof Nats> {
  try {
    return await import('@nats-io/transport-node');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error('the package @nats-io/transport-node is missing: npm install @nats-io/transport-node', {
      cause: error,
    });
  }
}
