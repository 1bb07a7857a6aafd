import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { FaultProxy } from '../support/faults/fault-proxy.js';
import { AT_ONCE, next, shownBy, takenBy } from '../support/clients/offline.js';
import { randomFrom } from '../support/models/random.js';

const CLIENTS = 20;
const SHARED = ['a', 'b', 'c', 'd', 'e'];
/** `FLAPS=1000` takes about three minutes; `SEED` plays another chance. */
const FLAPS = Number(process.env.FLAPS ?? 25);
/** So many faults strike before it is live again for sure, however slow the machine is. */
const BURST = 5;
const SEED = Number(process.env.SEED ?? 1);

/** A client behind a network of its own. */
class Device {
  /** The names of its writes, in its order. */
  readonly written: string[] = [];
  /** How often it lost its connection. */
  lost = 0;

  private constructor(
    readonly proxy: FaultProxy,
    readonly client: Client,
    private readonly name: string,
    private readonly random: () => number,
  ) {
    client.on('sync:disconnected', () => (this.lost += 1));
  }

  static async open(url: string, n: number): Promise<Device> {
    const proxy = await FaultProxy.to(url);
    // a hole is found by its silence
    const patience = { heartbeatMs: 100, answerMs: 400, requestMs: 1_000 };
    const client = createClient({ url: proxy.url, reconnect: AT_ONCE, ...patience });
    return new Device(proxy, client, `device${n}`, randomFrom(SEED * 1_000 + n));
  }

  /** Writes under each of its faults. */
  async flap(): Promise<void> {
    for (let n = 0; n < FLAPS; n += BURST) {
      if (this.client.status().state !== 'live')
        await next(this.client, 'sync:status', ({ state }) => state === 'live');
      await this.proxy.flap(BURST, this.random, async () => {
        for (let left = Math.floor(this.random() * 4); left >= 0; left -= 1) await this.write();
      });
    }
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.proxy.close();
  }

  /** Each changes something, whoever writes what meanwhile. */
  private async write(): Promise<void> {
    const { client, name, random } = this;
    const value = `${name} ${this.written.length}`;
    const shared = SHARED[Math.floor(random() * SHARED.length)]!;
    const made =
      random() < 0.2
        ? client.create({ kind: 'note', data: { value } })
        : client.update(shared, { [`k${Math.floor(random() * 3)}`]: value });
    this.written.push((await made).opId);
  }
}

describe(`${CLIENTS} clients on networks that fail ${FLAPS} times each (seed ${SEED})`, () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp();
    for (const id of SHARED) await server.api.post('/api/atome/create', { id, kind: 'note', data: {} });
  });
  afterAll(() => server.close());

  it(
    'end equal, with no write lost and none doubled',
    async () => {
      const devices = await Promise.all(Array.from({ length: CLIENTS }, (_, n) => Device.open(server.url, n)));
      try {
        await Promise.all(devices.map((device) => device.flap()));
        await Promise.all(devices.map(({ client }) => client.flush()));
        const taken = (await takenBy(server.url)).slice(SHARED.length);
        const head = taken.at(-1)!.seq;
        await Promise.all(devices.map(({ client }) => client.waitFor(head)));

        const opIds = taken.map(({ opId }) => opId!);
        expect([...opIds].sort()).toEqual(devices.flatMap(({ written }) => written).sort());
        for (const { written, client } of devices) {
          const own = new Set(written);
          expect(opIds.filter((opId) => own.has(opId))).toEqual(written);
          expect(await client.rejected()).toEqual([]);
        }
        const lost = devices.reduce((sum, device) => sum + device.lost, 0);
        expect(lost).toBeGreaterThan(CLIENTS);
        const [one, ...others] = await Promise.all(devices.map(({ client }) => shownBy(client)));
        expect(Object.keys(one!).length).toBeGreaterThan(SHARED.length);
        for (const other of others) expect(other).toEqual(one);
      } finally {
        await Promise.all(devices.map((device) => device.close()));
      }
    },
    240_000 + FLAPS * 400,
  );
});
