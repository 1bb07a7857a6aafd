import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Atome } from '../../../src/protocol/index.js';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

interface Page {
  readonly data: Atome[];
  readonly total: number | null;
  readonly page: number;
  readonly pages: number | null;
  readonly nextCursor: string | null;
}

describe.each(DATABASES)('the list over REST, on %s', (_database, create) => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startOn(create);
    await server.api.create({ title: 'Alpha' }, { id: 'a1', type: 'memo' });
    await server.api.create({ title: 'beta ÄÖ 50%_\\' }, { id: 'a2', parentId: 'a1' });
    await server.api.create({ title: 'Gamma' }, { id: 'a3', kind: 'task' });
    await server.api.create({ title: 'Delta' }, { id: 'a4', kind: 'task', type: 'chore', parentId: 'a1' });
    await server.api.create({ title: 'Gone' }, { id: 'a5' });
    await server.api.delete('/api/atome/a5');
    await server.api.put('/api/atome/a1', { data: { title: 'Alpha 2' } });
  });
  afterAll(() => server.close());

  async function list(query: string): Promise<Page> {
    const { status, body } = await server.api.get(`/api/atome/list?${query}`);
    expect({ query, status }).toEqual({ query, status: 200 });
    return body as unknown as Page;
  }
  const ids = async (query: string): Promise<string[]> => (await list(query)).data.map(({ id }) => id);

  it('begins with what was changed last, and tells how much there is', async () => {
    const { data, ...page } = await list('');
    expect(data.map(({ id }) => id)).toEqual(['a1', 'a4', 'a3', 'a2']);
    expect(page).toEqual({ success: true, total: 4, page: 1, pages: 1, nextCursor: null });
  });

  it.each([
    ['kind=task', ['a4', 'a3']],
    ['type=memo', ['a1']],
    ['kind=task&type=chore', ['a4']],
    ['kind=nothing', []],
    ['parentId=a1', ['a4', 'a2']],
    ['parentId=null', ['a1', 'a3']],
    ['search=ALPHA', ['a1']],
    ['search=%C3%A4%C3%B6', ['a2']],
    ['search=%C3%84%C3%96', ['a2']],
    ['search=50%25_', ['a2']],
    ['search=_', ['a2']],
    ['search=', ['a1', 'a4', 'a3', 'a2']],
    ['includeDeleted=true', ['a1', 'a5', 'a4', 'a3', 'a2']],
    ['sortBy=createdAt', ['a4', 'a3', 'a2', 'a1']],
    ['sortBy=createdAt&sortOrder=asc', ['a1', 'a2', 'a3', 'a4']],
    ['sortBy=id&sortOrder=asc', ['a1', 'a2', 'a3', 'a4']],
    ['sortBy=kind&sortOrder=asc', ['a1', 'a2', 'a3', 'a4']],
    ['sortBy=version', ['a1', 'a4', 'a3', 'a2']],
    ['sortBy=id&sortOrder=asc&limit=2', ['a1', 'a2']],
    ['sortBy=id&sortOrder=asc&limit=2&page=2', ['a3', 'a4']],
    ['sortBy=id&sortOrder=asc&limit=3&page=2', ['a4']],
    ['limit=500&page=99', []],
    ['where[data.title]=Gamma', ['a3']],
    ['where[data.title][gt]=B&where[kind][ne]=task', ['a2']],
    ['where={"or":[{"type":"memo"},{"data.title":{"startsWith":"Del"}}]}&sortBy=id', ['a4', 'a1']],
    ['where[data.title][contains]=a&kind=task&search=delta', ['a4']],
    ['sort=data.title&sortBy=id&sortOrder=desc', ['a1', 'a4', 'a3', 'a2']],
    ['sort=-data.title', ['a2', 'a3', 'a4', 'a1']],
    ['sort=kind,-data.title', ['a2', 'a1', 'a3', 'a4']],
    ['sort=type,-id', ['a3', 'a2', 'a4', 'a1']],
    ['sort=-parentId,data.title&limit=2&page=2', ['a1', 'a3']],
    ['sort=-data.title&where[data.title][lt]=Z&kind=task', ['a3', 'a4']],
    ['sort=data.title&search=a&type=memo', ['a1']],
    [`sort=${encodeURIComponent(`data.it's?,data.$1,data.atome_atomes,id`)}`, ['a1', 'a2', 'a3', 'a4']],
    [`where[data.title]=${encodeURIComponent("' OR 1=1 --")}`, []],
  ])('%s gives %j', async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  it('counts pages, and leaves that out when asked', async () => {
    expect(await list('limit=3&kind=task')).toMatchObject({ total: 2, pages: 1, page: 1 });
    expect(await list('limit=1&where[data.title][gt]=B')).toMatchObject({ total: 3, pages: 3, page: 1 });
    expect(await list('limit=3&page=2')).toMatchObject({ total: 4, pages: 2, page: 2 });
    expect(await list('limit=3&count=false')).toMatchObject({ total: null, pages: null });
  });

  it.each(['updatedAt', 'createdAt', 'id', 'kind', 'type', 'version'])(
    'is walked by cursor in the order of %s in both directions, each atome once',
    async (sortBy) => {
      for (const sortOrder of ['asc', 'desc']) {
        const whole = await ids(`sortBy=${sortBy}&sortOrder=${sortOrder}`);
        const walked: string[] = [];
        let cursor = '';
        do {
          const page = await list(`sortBy=${sortBy}&sortOrder=${sortOrder}&limit=1&count=false${cursor}`);
          walked.push(...page.data.map(({ id }) => id));
          cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
        } while (cursor !== '');
        expect(walked).toEqual(whole);
      }
    },
  );

  it('is walked whole and without doubles while writes go on', async () => {
    const there = Array.from({ length: 40 }, (_, i) => `w${String(i).padStart(2, '0')}`);
    for (const id of there) await server.api.create({ i: 0 }, { id, kind: 'walk' });
    const walked: string[] = [];
    let cursor = '';
    for (let round = 0; round < 100; round += 1) {
      const page = await list(`kind=walk&sortBy=id&sortOrder=asc&limit=7&count=false${cursor}`);
      walked.push(...page.data.map(({ id }) => id));
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
      // behind the cursor, before it, and what was already seen
      await server.api.create({}, { id: `w${round}-new`, kind: 'walk' });
      await server.api.put(`/api/atome/${there[round]!}`, { data: { round } });
      await server.api.delete(`/api/atome/${walked[0]!}`);
    }
    expect(new Set(walked).size).toBe(walked.length);
    expect(walked).toEqual(expect.arrayContaining(there));
  });

  it.each(['data.i,data.text', '-data.i,data.text', 'meta.none,-data.i'])(
    'is walked in order of %s while writes go on: what keeps its place once, and nothing twice',
    async (sort) => {
      const kind = `sorted-${sort.replace(/[^a-z-]/g, '')}`;
      const there = Array.from({ length: 30 }, (_, n) => `${kind}${n}`);
      const text = 'ü"\\'.repeat(60);
      for (const [n, id] of there.entries()) await server.api.create({ i: n % 7, text, at: n }, { id, kind });
      const whole = await ids(`kind=${kind}&sort=${sort}&limit=30`);
      const walked: string[] = [];
      let cursor = '';
      for (let round = 0; round < 30 && (round === 0 || cursor !== ''); round += 1) {
        const page = await list(`kind=${kind}&sort=${sort}&limit=7&count=false${cursor}`);
        walked.push(...page.data.map(({ id }) => id));
        cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
        await server.api.create({ i: round % 7, text }, { id: `${kind}-new${round}`, kind });
        await server.api.put(`/api/atome/${there[round]!}`, { data: { i: round % 7, text, at: -1 } });
        await server.api.delete(`/api/atome/${walked[0]!}`);
      }
      expect(new Set(walked).size).toBe(walked.length);
      expect(walked.filter((id) => there.includes(id))).toEqual(whole);
    },
  );

  it('is walked by time of creation to the newest, also to one that comes meanwhile', async () => {
    for (let i = 0; i < 6; i += 1) await server.api.create({}, { kind: 'queue', id: `q${i}` });
    const query = 'kind=queue&sortBy=createdAt&sortOrder=asc&limit=4&count=false';
    const first = await list(query);
    await server.api.create({}, { kind: 'queue', id: 'q6' });
    await server.api.put('/api/atome/q0', { data: { changed: true } });
    const second = await list(`${query}&cursor=${String(first.nextCursor)}`);
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(['q0', 'q1', 'q2', 'q3', 'q4', 'q5', 'q6']);
  });
});
