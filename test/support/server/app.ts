import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../../src/app/create-app.js';
import type { AtomeOptions, AtomeStaticOptions } from '../../../src/config/module-options.js';
import { readConfig } from '../../../src/config/environment.js';
import { WS_PATH } from '../../../src/protocol/index.js';
import { Api } from '../clients/api.js';
import { TestSocket } from '../clients/socket.js';

/** The real server in this process, on a free port. */
export interface TestApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly wsUrl: string;
  readonly api: Api;
  /** Opens a socket that is closed with the app at the latest. */
  connect(headers?: Record<string, string>): Promise<TestSocket>;
  close(): Promise<void>;
}

/** Starts the server; without a database it runs on SQLite in memory. */
export async function startApp(
  environment: Record<string, string> = {},
  options: AtomeOptions & AtomeStaticOptions = {},
): Promise<TestApp> {
  const read = readConfig({
    DATABASE_URL: 'sqlite::memory:',
    LOG_LEVEL: 'fatal',
    PORT: '0',
    // tests are fast talkers; those of the rate limit set it themselves
    MESSAGES_PER_SECOND: '100000',
    MESSAGE_BURST: '100000',
    RATE_LIMIT: '0',
    REFUSED_PER_MINUTE: '0',
    ...environment,
  });
  const config = { ...read, atome: { ...read.atome, ...options } };
  const app = await createApp(config);
  await app.listen(config.port, config.host);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const wsUrl = `ws://127.0.0.1:${port}${WS_PATH}`;
  const sockets: TestSocket[] = [];
  return {
    app,
    url,
    wsUrl,
    api: new Api(url),
    connect: async (headers) => {
      const socket = await TestSocket.connect(wsUrl, headers);
      sockets.push(socket);
      return socket;
    },
    close: async () => {
      await Promise.all(sockets.map((socket) => socket.close()));
      await app.close();
    },
  };
}
