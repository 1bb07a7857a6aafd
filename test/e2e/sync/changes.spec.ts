import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AtomeEvent } from '../../../src/protocol/index.js';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

const NO_EPOCH = '00000000-0000-4000-8000-000000000000';

describe.each(DATABASES)('GET /api/sync/changes, on %s', (_database, create) => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startOn(create);
    await server.api.create({ n: 1 }, { id: 'a1' });
    await server.api.create({ n: 2 }, { id: 'a2', kind: 'task' });
    await server.api.patch('/api/atome/a1', { n: 3 });
    await server.api.delete('/api/atome/a2');
  });
  afterEach(() => server.close());

  async function changes(query = ''): Promise<Record<string, unknown> & { events: AtomeEvent[] }> {
    const { status, body } = await server.api.get(`/api/sync/changes?${query}`);
    expect({ query, status }).toEqual({ query, status: 200 });
    return body as never;
  }
  const seqs = async (query: string): Promise<number[]> => (await changes(query)).events.map(({ seq }) => seq);

  it('answers as a range frame', async () => {
    const { events, ...range } = await changes();
    expect(range).toEqual({
      success: true,
      epoch: expect.stringMatching(/^[0-9a-f-]{36}$/),
      rights: expect.stringMatching(/^[0-9a-f]{16}$/),
      from: 0,
      to: 4,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      head: 4,
    });
    expect(events).toMatchObject([
      { seq: 1, type: 'atome:created', atome: { id: 'a1', data: { n: 1 } } },
      { seq: 2, type: 'atome:created', atome: { id: 'a2' } },
      { seq: 3, type: 'atome:altered', atome: { data: { n: 3 } }, alteration: { operation: 'patch' } },
      { seq: 4, type: 'atome:deleted', atomeId: 'a2' },
    ]);
  });

  it('is walked by its cursor, which holds in its epoch and chain', async () => {
    const first = await changes('limit=3');
    expect(first).toMatchObject({ from: 0, to: 3, head: 4, events: [{}, {}, {}] });
    const second = await changes(`since=3&epoch=${String(first.epoch)}&hash=${String(first.hash)}`);
    expect(second).toMatchObject({ from: 3, to: 4, events: [{ seq: 4 }] });
    expect(await changes('since=4')).toMatchObject({ from: 4, to: 4, events: [] });
  });

  it('shows what a filter names, and what has left it', async () => {
    expect(await seqs('kinds=task')).toEqual([2, 4]);
    expect(await seqs('kinds=task,note')).toEqual([1, 2, 3, 4]);
    expect(await seqs('ids=a1')).toEqual([1, 3]);
    expect(await seqs('parentId=null')).toEqual([1, 2, 3, 4]);
    await server.api.put('/api/atome/a1', { kind: 'task' });
    expect((await changes('kinds=note')).events.at(-1)).toMatchObject({ type: 'atome:left', atomeId: 'a1', seq: 5 });
  });

  it('shows only the newest of each atome when compact', async () => {
    expect(await changes('compact=true')).toMatchObject({ to: 4, events: [{ seq: 3 }, { seq: 4 }] });
  });

  it.each([
    ['since=5', 'future'],
    [`since=1&epoch=${NO_EPOCH}`, 'epoch'],
    [`since=1&hash=${'0'.repeat(64)}`, 'forked'],
  ])('refuses a cursor that cannot be continued: %s', async (query, reason) => {
    for (const accept of ['application/json', 'text/event-stream']) {
      expect(await server.api.get(`/api/sync/changes?${query}`, { accept })).toMatchObject({
        status: 409,
        body: {
          code: 'reset',
          reason,
          head: 4,
          epoch: expect.any(String),
          detail: expect.stringContaining('snapshot'),
        },
      });
    }
  });

  it('waits for the next change, and answers at once with it', async () => {
    const poll = changes('since=4&wait=60');
    await server.api.create({}, { id: 'a3' });
    expect(await poll).toMatchObject({ from: 4, to: 5, events: [{ seq: 5, atome: { id: 'a3' } }] });
  });

  it('waits over what the filter hides', async () => {
    const poll = changes('since=4&wait=60&kinds=task');
    await server.api.create({}, { id: 'a3' });
    await server.api.create({}, { id: 'a4', kind: 'task' });
    expect(await poll).toMatchObject({ to: 6, events: [{ seq: 6, atome: { id: 'a4' } }] });
  });

  it('does not wait where there is something to say', async () => {
    expect(await changes('since=3&wait=60')).toMatchObject({ events: [{ seq: 4 }] });
  });

  it('ends its wait when the server goes down', async () => {
    // its headers go out when it begins to wait
    const poll = await fetch(`${server.url}/api/sync/changes?since=4&wait=60`);
    await server.app.close();
    expect(await poll.json()).toMatchObject({ from: 4, to: 4, events: [] });
  });
});
