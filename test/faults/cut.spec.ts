import { randomInt } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';
import { NO_FAULTS, orderFaults, upTo } from '../support/feed/order.js';
import { atomesOf, FollowingClient } from '../support/clients/following-client.js';
import { firstWrite, workload } from '../support/clients/workload.js';
import { SocketWriter, Tally } from '../support/clients/writers.js';

describe('a client whose connection is destroyed again and again', () => {
  const CUTS = 50;
  let server: TestApp;
  beforeEach(async () => {
    server = await startApp();
    await server.api.post('/api/sync/push', { operations: [firstWrite] });
  });
  afterEach(() => server.close());

  it('reads each event once and in order when it goes on from its cursor', async () => {
    const [tally, follower] = [new Tally(), new FollowingClient()];
    const writer = new SocketWriter(workload('w'), tally);
    writer.connect(server);
    for (let cut = 0; cut < CUTS; cut += 1) {
      follower.connect(server);
      await tally.more(randomInt(40));
      follower.disconnect();
    }
    await writer.finish();
    follower.connect(server);
    await follower.reached(writer.acknowledged.size + 1);
    const shown = follower.applied.map(({ seq }) => seq);
    expect(orderFaults(shown, upTo(writer.acknowledged.size + 1))).toEqual(NO_FAULTS);
    expect(follower.atomes).toEqual(await atomesOf(server));
    follower.disconnect();
    writer.disconnect();
  });

  it('has each of its writes once when it sends the unanswered again', async () => {
    const [tally, follower] = [new Tally(), new FollowingClient()];
    const writer = new SocketWriter(workload('w'), tally);
    follower.connect(server);
    for (let cut = 0; cut < CUTS; cut += 1) {
      writer.connect(server);
      await tally.more(randomInt(40));
      writer.disconnect();
    }
    writer.connect(server);
    await writer.finish();
    await follower.reached(writer.acknowledged.size + 1);
    expect(writer.refused).toEqual([]);
    expect(follower.applied.map(({ opId }) => opId)).toEqual(['first', ...writer.acknowledged.keys()]);
    follower.disconnect();
    writer.disconnect();
  });
});
