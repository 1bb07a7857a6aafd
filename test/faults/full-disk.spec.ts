import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { audit } from '../support/databases/databases.js';
import { createDatabase } from '../support/databases/postgres.js';
import { canMount, limitedFile, refusingDatabase, smallDisk, type FillableDisk } from '../support/faults/full-disk.js';
import { logLines, timesTold } from '../support/log-lines.js';
import type { TestSocket } from '../support/clients/socket.js';
import { atomesOf, FollowingClient } from '../support/clients/following-client.js';

/** Where no disk may be mounted, the others still ask the same questions. */
const DISKS: (readonly [string, () => FillableDisk | Promise<FillableDisk>])[] = [
  ...(canMount() ? [['SQLite on a small disk', smallDisk] as const] : []),
  ['SQLite in a file that may not grow', limitedFile],
  ['PostgreSQL', refusingDatabase],
];

describe.each(DISKS)('a full disk under %s', (_, open) => {
  let disk: FillableDisk;
  let server: TestApp;
  let written: number;

  beforeEach(async () => {
    disk = await open();
    server = await startApp({ DATABASE_URL: disk.url });
    written = 0;
    for (let n = 0; n < 5; n += 1) await put();
  });
  afterEach(async () => {
    try {
      await server.close();
    } finally {
      await disk.remove();
    }
  });

  /** Large enough that the room left in the last pages is soon used up. */
  function note() {
    return { kind: 'note', data: { text: `${written} `.repeat(10_000) } };
  }

  async function put() {
    const answer = await server.api.post('/api/atome/create', { id: `a${written}`, ...note() });
    if (answer.status === 201) written += 1;
    return answer;
  }

  async function ready(): Promise<unknown> {
    const { status, body } = await server.api.get('/health/ready');
    return [status, (body.details as { database: { degraded?: string } }).database.degraded];
  }

  async function putUntilRefused() {
    let answer = await put();
    while (answer.status === 201) answer = await put();
    return answer;
  }

  async function mutateUntilRefused(socket: TestSocket) {
    for (;;) {
      const opId = `op-${written}`;
      socket.send({ type: 'mutate', opId, operation: 'create', atomeId: `a${written}`, ...note() });
      const answer = await socket.answer();
      if (answer.type === 'nack') return answer;
      written += 1;
    }
  }

  it('is told to writers on both doors as something that passes, and once to the log', async () => {
    const lines = logLines(server);
    await disk.fill(server);
    const { status, body, headers } = await putUntilRefused();
    expect(status).toBe(507);
    expect(headers.get('retry-after')).toBe('10');
    expect(body).toMatchObject({ success: false, code: 'storage_full', retryable: true });
    const { error } = await mutateUntilRefused(await server.connect());
    expect(error).toMatchObject({ code: 'storage_full', status: 507, retryable: true });
    expect(lines[0]).toContain('make room');
    expect(timesTold(lines, /make room/)).toBe('once an interval');
    await disk.free(server);
  });

  it('does not stop reads and the feed', async () => {
    const live = new FollowingClient();
    live.connect(server);
    await disk.fill(server);
    await putUntilRefused();
    expect((await server.api.get('/api/atome/a0')).status).toBe(200);
    expect((await server.api.get('/api/atome/list?search=4&sortBy=kind')).body.data).not.toHaveLength(0);
    expect((await server.api.get('/health/live')).status).toBe(200);
    // a balancer that took it out would take all out that share the disk, and the reads with them
    expect(await ready()).toEqual([200, expect.stringContaining('is full')]);
    const real = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => real() + 10_000);
    expect(await ready()).toEqual([200, undefined]);
    clock.mockRestore();
    const late = new FollowingClient();
    late.connect(server);
    await Promise.all([live.reached(written), late.reached(written)]);
    expect(live.applied).toEqual(late.applied);
    expect([live.atomes, late.atomes]).toEqual(Array(2).fill(await atomesOf(server)));
    live.disconnect();
    late.disconnect();
    await disk.free(server);
  });

  it('is over when there is space again, and nothing that was acknowledged is lost', async () => {
    const socket = await server.connect();
    await disk.fill(server);
    await putUntilRefused();
    const { opId } = await mutateUntilRefused(socket);
    await disk.free(server);
    socket.send({ type: 'mutate', opId, operation: 'create', atomeId: `a${written}`, ...note() });
    expect(await socket.next('ack')).toEqual({
      type: 'ack',
      opId,
      atomeId: `a${written}`,
      seq: written + 1,
      version: 1,
    });
    written += 1;
    expect((await put()).status).toBe(201);
    expect(await ready()).toEqual([200, undefined]);
    const { result } = await audit(disk.url);
    expect(result).toMatchObject({ fault: undefined, alterations: written, atomes: written });
  });
});

it('a disk that is full for a read says nothing of the writes', async () => {
  const { url, drop } = await createDatabase();
  const store = await openStore(url);
  const sorting = 'SELECT public.sorted()';
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE FUNCTION public.sorted() RETURNS int LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''could not write to file'' USING ERRCODE = ''disk_full''; END'`);
  await client.end();
  await expect(store.scan('default', { sql: sorting, params: [] })).rejects.toMatchObject({ code: 'storage_full' });
  expect(store.writeFault).toBeUndefined();
  await store.probe();
  await store.close();
  await drop();
});
