import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/properties.js';
import { createClient, memoryStore, type Client, type Store } from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { AT_ONCE, shownBy, takenBy } from '../support/clients/offline.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';

const ATOMES = ['a', 'b', 'c'];
const RUNS = 25;

/** One step of one of the devices. */
const step = fc.record({
  device: fc.nat(2),
  action: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('create', 'update', 'patch', 'rename', 'tag', 'replace', 'delete') },
    { weight: 1, arbitrary: fc.constant('restore') },
    { weight: 2, arbitrary: fc.constantFrom('cut', 'heal', 'restart', 'flush') },
  ),
  atome: fc.constantFrom(...ATOMES),
});

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A client with its store, behind a wire of its own. */
class Device {
  /** What it did, by opId, in its order. */
  readonly written = new Map<string, string>();
  private readonly store: Store = memoryStore();
  private up = true;

  private constructor(
    private readonly proxy: TcpProxy,
    public client: Client,
  ) {}

  static async open(port: number): Promise<Device> {
    const proxy = await TcpProxy.to(port);
    const device = new Device(proxy, undefined as never);
    device.client = device.start();
    return device;
  }

  async cut(): Promise<void> {
    if (this.up) await this.proxy.cut();
    this.up = false;
  }

  async heal(): Promise<void> {
    if (!this.up) await this.proxy.restore();
    this.up = true;
  }

  async restart(): Promise<void> {
    await this.client.close();
    this.client = this.start();
  }

  async write(action: string, id: string, n: number): Promise<void> {
    const { client } = this;
    const data = { [`k${n % 3}`]: n };
    const writes: Record<string, () => Promise<{ opId: string }>> = {
      create: () => client.create({ id, kind: 'note', data }),
      update: () => client.update(id, data),
      patch: () => client.patch(id, [{ op: 'add', path: `/k${n % 3}`, value: n }]),
      rename: () => client.rename(id, `name ${n}`),
      tag: () => client.tag(id, [`tag ${n}`]),
      replace: () => client.replace(id, { data }),
      delete: () => client.delete(id),
      restore: () => client.restore(id, 1),
    };
    this.written.set((await writes[action]!()).opId, action);
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.cut();
  }

  private start(): Client {
    return createClient({ url: `http://127.0.0.1:${this.proxy.port}`, reconnect: AT_ONCE, store: this.store });
  }
}

describe('devices that write, are cut off and start again in any order', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp({ DATABASE_URL: 'sqlite::memory:' });
  });
  afterAll(() => server.close());

  async function play(steps: readonly Step[], prefix: string): Promise<void> {
    const port = Number(new URL(server.url).port);
    const devices = await Promise.all([0, 1, 2].map(() => Device.open(port)));
    try {
      let n = 0;
      for (const { device: which, action, atome } of steps) {
        const device = devices[which]!;
        if (action === 'cut' || action === 'heal' || action === 'restart') await device[action]();
        else if (action === 'flush') await Promise.race([device.client.flush(), Promise.resolve()]);
        else await device.write(action, prefix + atome, (n += 1));
      }
      await Promise.all(devices.map((device) => device.heal()));
      await Promise.all(devices.map(({ client }) => client.flush()));
      const taken = await takenBy(server.url);
      const head = taken.at(-1)?.seq ?? 0;
      await Promise.all(devices.map(({ client }) => client.waitFor(head)));

      const [one, ...others] = await Promise.all(devices.map(({ client }) => shownBy(client)));
      for (const other of others) expect(other).toEqual(one);
      for (const { client, written } of devices) {
        const opIds = [...written.keys()];
        const own = taken.flatMap(({ opId }) => (opId !== null && opIds.includes(opId) ? [opId] : []));
        // each at most once, and in the order in which it was written
        expect(own).toEqual(opIds.filter((opId) => own.includes(opId)));
        // what is not there was refused, or changed nothing
        const refused = (await client.rejected()).map(({ operation }) => operation.opId);
        expect(refused.filter((opId) => own.includes(opId))).toEqual([]);
        const idle = opIds.filter((opId) => !own.includes(opId) && !refused.includes(opId));
        expect(idle.filter((opId) => !['delete', 'restore'].includes(written.get(opId)!))).toEqual([]);
        expect(client.status()).toMatchObject({ pending: 0 });
      }
    } finally {
      await Promise.all(devices.map((device) => device.close()));
    }
  }

  it('end equal, with no write lost and none doubled', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => play(steps, `run${(run += 1)}-`)),
      { numRuns: RUNS },
    );
  });
});
