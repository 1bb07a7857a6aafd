import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { audit, DATABASES, type Audit, type Database } from '../support/databases/databases.js';
import { ServerProcess } from '../support/server/process.js';
import { TestSocket } from '../support/clients/socket.js';
import { FollowingClient } from '../support/clients/following-client.js';
import { firstWrite, workload } from '../support/clients/workload.js';
import { RestWriter, SocketWriter, Tally } from '../support/clients/writers.js';

/** A filter that lets nothing through: what waits for it waits until the server ends it. */
const FOREVER = '/api/sync/changes?kinds=nothing&wait=60';

describe.each(DATABASES)('a server on %s told to stop twice in the middle of a flood', (_, create) => {
  const tally = new Tally();
  const socketWriters = [1, 2, 3].map((n) => new SocketWriter(workload(`socket${n}`), tally, 64));
  const restWriters = [1, 2, 3].map((n) => new RestWriter(workload(`rest${n}`), tally));
  const writers = [...socketWriters, ...restWriters];
  const follower = new FollowingClient();
  let database: Database;
  let server: ServerProcess;
  let plain: TestSocket;
  let ended: { code: number | null; longPoll: string; eventStream: string };
  let ledger: Audit;

  function start(): Promise<ServerProcess> {
    return ServerProcess.start({ DATABASE_URL: database.url, MESSAGES_PER_SECOND: '100000' });
  }

  beforeAll(async () => {
    database = await create();
    server = await start();
    await server.api.post('/api/sync/push', { operations: [firstWrite] });
    plain = await TestSocket.connect(server.wsUrl);
    // it will not even hear that it is asked to close
    const deaf = await TestSocket.connect(server.wsUrl);
    deaf.ws.pause();
    const longPoll = server.api.get(FOREVER);
    const eventStream = await fetch(server.url + FOREVER, { headers: { accept: 'text/event-stream' } });
    for (const client of [follower, ...writers]) client.connect(server);
    await tally.more(2_000);
    server.child.kill('SIGTERM');
    const code = await server.kill('SIGTERM');
    ended = { code, longPoll: (await longPoll).text, eventStream: await eventStream.text() };
    await plain.closed();
    deaf.ws.terminate();
    ledger = await audit(database.url);
  });
  afterAll(async () => {
    follower.disconnect();
    writers.forEach((writer) => writer.disconnect());
    await server.kill('SIGKILL');
    await database.drop();
  });

  it('ends with exit code 0, in time', () => {
    // after 9 seconds it would have given up, with 1
    expect(ended.code).toBe(0);
  });

  it('says goodbye to sockets, and then closes them with 1012', async () => {
    expect(plain.all('goaway')).toEqual([{ type: 'goaway', retryAfter: expect.any(Number) }]);
    expect(await plain.closed()).toMatchObject({ code: 1012 });
  });

  it('ends a long poll with an answer, and an event stream with its end', () => {
    expect(JSON.parse(ended.longPoll)).toMatchObject({ success: true, events: [] });
    expect(ended.eventStream).toContain('event: sync:live');
  });

  it('has acknowledged all that it has committed, and committed all that it has acknowledged', () => {
    const acknowledged = writers.flatMap((writer) => [...writer.acknowledged.keys()]);
    expect(ledger.alterations.map(({ opId }) => opId).sort()).toEqual(['first', ...acknowledged].sort());
    expect(ledger.result.fault).toBeUndefined();
  });

  it('goes on where it was when it is started again', async () => {
    server = await start();
    for (const client of [follower, ...writers]) client.connect(server);
    await Promise.all(writers.map((writer) => writer.finish()));
    await follower.reached(writers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 1));
    expect(writers.flatMap(({ refused }) => refused)).toEqual([]);
    expect(follower.applied).toEqual((await audit(database.url)).alterations);
  });
});
