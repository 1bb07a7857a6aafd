import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFile } from '../support/databases/databases.js';
import { Inspector, INSPECTED } from '../support/server/inspector.js';
import { NO_FAULTS, orderFaults, upTo } from '../support/feed/order.js';
import { ServerProcess } from '../support/server/process.js';
import { report } from '../support/report.js';
import { atomesOf, FollowingClient } from '../support/clients/following-client.js';

const EVENTS = 100_000;
const BATCH = 1_000;
const ATOMES = 500;
const MIB = 1024 * 1024;
/** Against a hang alone. */
const PATIENCE_MS = 300_000;

/*
 * What a slow reader costs is what the server gives back when it goes: two of them read nothing while all
 * events pass, then one is destroyed, and what the process holds after a garbage collection is compared from
 * before to after. All else, such as the ring of recent events, is the same in both.
 */
describe('readers that stop reading while 100,000 events pass', () => {
  const database = createFile();
  const [slow, slowToo, live] = [new FollowingClient(), new FollowingClient(), new FollowingClient()];
  let server: ServerProcess;
  let inspector: Inspector;
  let meanwhile: { slow: number; live: number; unsent: number[] };
  let heldForOne: number;

  beforeAll(async () => {
    server = await ServerProcess.start({
      DATABASE_URL: database.url,
      HEARTBEAT_MS: '3600000',
      ...INSPECTED,
    });
    inspector = await Inspector.attach(server);
    for (const follower of [slow, slowToo, live]) follower.connect(server);
    await write(0);
    await Promise.all([slow, slowToo, live].map((follower) => follower.reached(BATCH)));
    slow.pause();
    slowToo.pause();
    for (let n = BATCH; n < EVENTS; n += BATCH) await write(n);
    await live.reached(EVENTS);
    meanwhile = { slow: slow.seq, live: live.seq, unsent: await inspector.unsentBytes() };
    const heldWith = await inspector.heldBytes();
    slowToo.disconnect();
    await disconnected(2);
    heldForOne = heldWith - (await inspector.heldBytes());
    report(
      `slow reader: ${Math.round(heldForOne / 1024)} KiB held for it, ${meanwhile.unsent[0] ?? 0} bytes unsent, ${EVENTS - meanwhile.slow} events behind`,
    );
  }, PATIENCE_MS);
  afterAll(async () => {
    for (const follower of [slow, slowToo, live]) follower.disconnect();
    inspector.close();
    await server.kill('SIGKILL');
    await database.drop();
  });

  async function write(from: number): Promise<void> {
    const operations = Array.from({ length: BATCH }, (_, index) => {
      const [n, atomeId] = [from + index, `a${(from + index) % ATOMES}`];
      const opId = `op-${n}`;
      return n < ATOMES
        ? { opId, operation: 'create', atomeId, kind: 'note', data: { n } }
        : { opId, operation: 'update', atomeId, changes: { n } };
    });
    const { status } = await server.api.post('/api/sync/push', { operations });
    expect(status).toBe(200);
  }

  async function disconnected(left: number): Promise<void> {
    let clients = Infinity;
    while (clients > left) clients = Number((await server.api.get('/api/server-info')).body.connectedClients);
  }

  it('are written no further than the limit of 64 KiB and one frame', () => {
    // what the live one has taken may still be counted: the look interrupts the server before it hears of that
    expect(meanwhile.unsent.length).toBeGreaterThanOrEqual(2);
    // at most 500 events are in a frame, and these are about as small as events can be
    expect(meanwhile.unsent[0]).toBeLessThan(64 * 1024 + 500 * 1024);
  });

  it('cost the server less than 2 MiB each', () => {
    expect(heldForOne).toBeLessThan(2 * MIB);
  });

  it('do not hold up the others', () => {
    expect(meanwhile.live).toBe(EVENTS);
    expect(meanwhile.slow).toBeLessThan(EVENTS);
    const shown = live.applied.map(({ seq }) => seq);
    expect(orderFaults(shown, upTo(EVENTS))).toEqual(NO_FAULTS);
  });

  it(
    'catch up to the exact state, with each event once and in order',
    async () => {
      slow.resume();
      await slow.reached(EVENTS);
      expect(slow.applied).toEqual(live.applied);
      expect([slow.detours, slow.resets]).toEqual([0, []]);
      expect(slow.atomes).toEqual(await atomesOf(server));
    },
    PATIENCE_MS,
  );
});
