import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Atome } from '../../../src/protocol/index.js';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

interface Snapshot {
  readonly header: { readonly epoch: string; readonly seq: number; readonly hash: string };
  readonly atomes: Atome[];
  readonly trailer: { readonly count: number; readonly digest: string };
  readonly lines: string[];
}

describe.each(DATABASES)('GET /api/sync/snapshot, on %s', (_database, create) => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startOn(create);
  });
  afterEach(() => server.close());

  async function snapshot(query = ''): Promise<Snapshot> {
    const { status, headers, text } = await server.api.get(`/api/sync/snapshot${query}`);
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.slice(0, -1).split('\n');
    const [header, ...rest] = lines.map((line) => JSON.parse(line) as unknown);
    return { header, trailer: rest.pop(), atomes: rest, lines } as Snapshot;
  }

  it('holds the atomes as of a seq, and a digest of their lines', async () => {
    await server.api.create({ n: 1 }, { id: 'a1' });
    await server.api.create({ n: 2 }, { id: 'a2', kind: 'task' });
    await server.api.create({ n: 3 }, { id: 'a3' });
    await server.api.delete('/api/atome/a3');
    await server.api.patch('/api/atome/a1', { n: 4 });
    const { header, atomes, trailer, lines } = await snapshot();
    const { epoch, hash, rights } = (await server.api.get('/api/sync/changes?since=5')).body;
    expect(header).toEqual({ epoch, seq: 5, hash, rights });
    expect(atomes.map(({ id, data }) => [id, data])).toEqual([
      ['a1', { n: 4 }],
      ['a2', { n: 2 }],
    ]);
    const digest = createHash('sha256').update(`${lines.slice(1, -1).join('\n')}\n`);
    expect(trailer).toEqual({ count: 2, digest: digest.digest('hex') });
    expect((await snapshot('?kinds=task')).atomes.map(({ id }) => id)).toEqual(['a2']);
    expect((await snapshot('?kinds=none')).trailer.count).toBe(0);
  });

  it('names what was erased, for who asks', async () => {
    for (const id of ['a1', 'a2', 'a3']) await server.api.create({ n: 1 }, { id });
    await server.api.post('/api/atome/a1/erase', {});
    await server.api.delete('/api/atome/a3');
    const { atomes, trailer } = await snapshot('?erased=true');
    expect(atomes).toEqual([{ id: 'a1', redacted: true }, expect.objectContaining({ id: 'a2' })]);
    expect(trailer.count).toBe(2);
    expect((await snapshot()).trailer.count).toBe(1);
  });

  it('of an empty ledger is a header and a trailer', async () => {
    expect(await snapshot()).toMatchObject({ header: { seq: 0 }, atomes: [], trailer: { count: 0 } });
  });

  it('is of one seq, though others write while it is read', async () => {
    const ids = Array.from({ length: 1_200 }, (_, i) => `a${i}`);
    const creation = (id: string) => ({ opId: id, operation: 'create', atomeId: id, kind: 'note', data: { n: 0 } });
    for (const start of [0, 600]) {
      await server.api.post('/api/sync/push', { operations: ids.slice(start, start + 600).map(creation) });
    }
    let isReading = true;
    const write = async (): Promise<void> => {
      for (let n = 1; isReading; n += 1) {
        const id = ids[(n * 37) % ids.length]!;
        await server.api.post('/api/sync/push', {
          operations: [
            { opId: `u${n}`, operation: 'update', atomeId: id, changes: { n } },
            { opId: `d${n}`, operation: 'delete', atomeId: ids[(n * 53) % ids.length]! },
            creation(`new${n}`),
          ],
        });
      }
    };
    const writing = write();
    const { header, atomes, trailer } = await snapshot();
    isReading = false;
    await writing;
    expect(trailer.count).toBe(atomes.length);
    const replayed = await stateAt(header.seq);
    expect(new Map(atomes.map((atome) => [atome.id, atome]))).toEqual(replayed);
  });

  /** What a reader of the changes holds at a seq. */
  async function stateAt(seq: number): Promise<Map<string, Atome>> {
    const state = new Map<string, Atome>();
    for (let since = 0; since < seq;) {
      const { body } = await server.api.get(`/api/sync/changes?since=${since}&limit=1000`);
      for (const event of body.events as { seq: number; type: string; atomeId: string; atome: Atome }[]) {
        if (event.seq > seq) return state;
        if (event.type === 'atome:deleted') state.delete(event.atomeId);
        else state.set(event.atome.id, event.atome);
      }
      since = body.to as number;
    }
    return state;
  }
});
