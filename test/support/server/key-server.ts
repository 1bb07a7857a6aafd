import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Issuer } from './issuer.js';

/** The address at which an identity provider publishes its keys. */
export class KeyServer {
  /** Whose keys it tells. */
  issuers: readonly Issuer[] = [];
  /** What it answers instead, when it is not well. */
  fault: { readonly status: number; readonly body: string } | undefined;
  /** How often it was asked. */
  asked = 0;
  private readonly server = createServer((_request, response) => {
    this.asked += 1;
    const { status, body } = this.fault ?? { status: 200, body: JSON.stringify(keySetOf(this.issuers)) };
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
  });

  static async start(...issuers: Issuer[]): Promise<KeyServer> {
    const keys = new KeyServer();
    keys.issuers = issuers;
    await once(keys.server.listen(0, '127.0.0.1'), 'listening');
    return keys;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/keys`;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }
}

export function keySetOf(issuers: readonly Issuer[]): { keys: object[] } {
  return { keys: issuers.map(({ jwk }) => jwk) };
}
