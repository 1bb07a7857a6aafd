import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { certificates, credentials, nkey } from '../../test/support/bus/nats-identities.js';
import { hasNatsServer, NatsServer } from '../../test/support/bus/nats-server.js';
import { TestNode } from '../../test/support/bus/test-node.js';
import { NatsTransport, type NatsFiles } from './nats.transport.js';

/** Who comes to a server, from its address. */
type Comer = (url: string) => [url: string, files?: NatsFiles];

const as =
  (user: string): Comer =>
  (url) => [url.replace('//', `//${user}@`)];
const withFiles =
  (files: NatsFiles): Comer =>
  (url) => [url, files];
const overTls =
  (comer: Comer, ca?: string): Comer =>
  (url) => {
    const [address, files] = comer(url.replace('nats:', 'tls:').replace('127.0.0.1', 'localhost'));
    return [address, { ...files, ca }];
  };

(hasNatsServer ? describe : describe.skip)('who a server is to NATS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nats-'));
  const nodes: TestNode[] = [];
  let server: NatsServer | undefined;
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.bus.close()));
    await server?.kill();
  });
  afterAll(() => rm(folder, { recursive: true }));

  const start = async (config: string): Promise<void> => {
    const path = join(folder, 'nats.conf');
    writeFileSync(path, config);
    server = await NatsServer.start('--config', path);
  };
  const node = (comer: Comer): TestNode => {
    const made = new TestNode(new NatsTransport(...comer(server!.url)));
    nodes.push(made);
    return made;
  };

  /** As such, two nodes hear each other, and do so again when the server was away; what the others hear is a sentence. */
  async function holds(config: string, right: readonly Comer[], wrong: readonly (readonly [Comer, RegExp])[]) {
    await start(config);
    for (const comer of right) {
      const [one, two] = [node(comer), node(comer)];
      await Promise.all([one, two].map((each) => each.knows(1)));
      one.bus.publish({ tenant: 't', seq: 1 });
      await two.hears('t', 1);
      await server!.kill();
      await server!.run();
      await Promise.all(
        [one, two].map((each) => each.told(({ faults }) => faults.at(-1) === undefined && faults.length > 1)),
      );
      await Promise.all([one, two].map((each) => each.knows(1)));
      two.bus.publish({ tenant: 't', seq: 2 });
      await one.hears('t', 2);
      await Promise.all(nodes.splice(0).map((each) => each.bus.close()));
    }
    for (const [comer, why] of wrong) {
      const refused = node(comer);
      await refused.told(({ faults }) => faults.length > 0);
      expect(refused.faults[0]).toMatch(why);
      expect(refused.faults[0]).toMatch(/^NATS: [^\n]*$/);
      expect(refused.faults[0]).not.toContain('secret');
    }
  }

  const REFUSED = /authorization|authentication/i;
  const users = 'timeout: 60';

  it('is told by a user and a password, or by a token, in the address', async () => {
    const anybody: Comer = (url) => [url];
    await holds(
      `authorization { ${users}, user: "a b", password: "secret/@" }`,
      [as('a%20b:secret%2F%40')],
      [
        [as('a%20b:other-secret'), REFUSED],
        [anybody, REFUSED],
      ],
    );
    await server!.kill();
    await holds(`authorization { ${users}, token: "secret" }`, [as('secret')], [[as('other-secret'), REFUSED]]);
  });

  it('is told by the seed of an NKey, or by a file of credentials', async () => {
    const [mine, others] = [nkey(folder, 'mine.nk'), nkey(folder, 'others.nk')];
    const [known, unknown] = [credentials(folder, 'known.creds'), credentials(folder, 'unknown.creds')];
    await holds(
      `authorization { ${users}, users = [ { nkey: ${mine.publicKey} } ] }`,
      [withFiles({ credentials: mine.path })],
      [[withFiles({ credentials: others.path }), REFUSED]],
    );
    await server!.kill();
    await holds(
      known.config,
      [withFiles({ credentials: known.path })],
      [[withFiles({ credentials: unknown.path }), REFUSED]],
    );
  });

  it('is told over TLS to a server whose certificate an authority that it trusts has signed', async () => {
    const [trusted, other] = [certificates(folder, 'trusted'), certificates(folder, 'other')];
    const user = as('a:secret');
    await holds(
      `${trusted.config}\n authorization { ${users}, user: a, password: secret }`,
      [overTls(user, trusted.ca)],
      [
        [overTls(user, other.ca), /certificate.*BUS_CA/],
        [overTls(user), /certificate.*BUS_CA/],
        [overTls(as('a:other-secret'), trusted.ca), REFUSED],
      ],
    );
  });
});
