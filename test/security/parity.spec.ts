import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/properties.js';
import { LEDGER_STORE, type LedgerStore } from '../../src/ledger/store.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import type { AtomeEvent, AtomeLeft } from '../../src/protocol/index.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer, type Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { EventStream } from '../support/clients/event-stream.js';
import { mayRead, POLICIES, type Seen, type Subject } from '../support/models/access-model.js';
import type { TestSocket } from '../support/clients/socket.js';

const IDS = ['a', 'b', 'c', 'd', 'e'];
const PEOPLE: Record<string, Omit<Subject, 'id'>> = {
  ann: { role: 'writer', groups: ['g1'] },
  bob: { role: 'writer', groups: [] },
  cid: { role: 'reader', groups: ['g1', 'g2'] },
  dee: { role: 'admin', groups: [] },
  eve: { role: 'writer', groups: ['g2'] },
};
const NAMES = Object.keys(PEOPLE);

type Shown = Exclude<AtomeEvent, AtomeLeft>;

/** What a client knows that applies every event: by id, whether the atome is there. */
class Copy {
  readonly ids = new Set<string>();
  readonly shown = new Set<string>();

  take(event: AtomeEvent): this {
    const id = 'atome' in event ? event.atome.id : event.atomeId;
    if (event.type === 'atome:left') this.ids.delete(id);
    else {
      this.shown.add(id);
      if (isThere(event)) this.ids.add(id);
      else this.ids.delete(id);
    }
    return this;
  }
}

function isThere(event: Shown): boolean {
  return 'atome' in event && event.atome.deletedAt === null;
}

interface Begun {
  readonly events: readonly AtomeEvent[];
  readonly to: number;
}

/** One principal with every door open. */
class TestUser {
  private begun: Begun = { events: [], to: 0 };

  private constructor(
    readonly who: Subject,
    readonly token: string,
    readonly api: Api,
    private readonly plain: TestSocket,
    private readonly range: TestSocket,
    private readonly stream: EventStream,
  ) {}

  static async open(server: TestApp, tenant: string, id: string): Promise<TestUser> {
    const { role, groups } = PEOPLE[id]!;
    const token = tokenOf(role, { sub: id, tenant, groups });
    const plain = await server.connect(bearer(token));
    await plain.next('welcome');
    await plain.settled();
    const range = await server.connect(bearer(token));
    range.send({ type: 'subscribe', since: 0 });
    await range.next('sync:live');
    const stream = await EventStream.open(`${server.url}/api/sync/changes?since=0`, bearer(token));
    return new TestUser({ id, role, groups }, token, server.api.as(token), plain, range, stream);
  }

  /** What each live reader has made of the events so far. */
  async live(head: number): Promise<Copy[]> {
    await this.range.next('events', ({ to }) => to >= head);
    await this.plain.next('atome:created', ({ seq }) => seq === head);
    const [plain, range, stream] = [new Copy(), new Copy(), new Copy()];
    for (const message of this.plain.received) if (message.type.startsWith('atome:')) plain.take(message as AtomeEvent);
    this.range.all('events').forEach(({ events }) => events.forEach((event) => range.take(event)));
    for (let event = await this.stream.next(); event; event = await this.stream.next()) {
      if (event.type === 'message') stream.take(event.data as unknown as AtomeEvent);
      if (event.id === String(head)) break;
    }
    return [plain, range, stream];
  }

  /** What one who comes now is told of all that was. */
  async replayed(server: TestApp, compact: boolean): Promise<Copy[]> {
    const { events } = await this.changes(server.api.as(this.token), 0, compact);
    const polled = new Copy();
    events.forEach((event) => polled.take(event));
    const socket = await server.connect(bearer(this.token));
    socket.send({ type: 'subscribe', since: 0, compact });
    await socket.next('sync:live');
    const ranged = new Copy();
    socket.all('events').forEach(({ events }) => events.forEach((event) => ranged.take(event)));
    await socket.close();
    return [polled, ranged];
  }

  /** Makes a copy of what there is, to be continued later. */
  async begin(): Promise<void> {
    const { events, to } = await this.changes(this.api, 0, false);
    this.begun = { events, to };
  }

  /** The copy of {@link begin}, brought up to date. */
  async continued(server: TestApp, compact: boolean): Promise<Copy> {
    const { events } = await this.changes(server.api.as(this.token), this.begun.to, compact);
    const copy = new Copy();
    [...this.begun.events, ...events].forEach((event) => copy.take(event));
    return copy;
  }

  private async changes(api: Api, since: number, compact: boolean): Promise<Begun> {
    return (await api.get(`/api/sync/changes?since=${since}&limit=1000&compact=${compact}`)).body as unknown as Begun;
  }

  async listed(): Promise<{ ids: string[]; total: unknown }> {
    const { body } = await this.api.get('/api/atome/list?includeDeleted=true&limit=500');
    return { ids: (body.data as { id: string }[]).map(({ id }) => id).sort(), total: body.total };
  }

  async snapshot(): Promise<string[]> {
    const lines = (await this.api.get('/api/sync/snapshot')).text.trim().split('\n').slice(1, -1);
    return lines.map((line) => (JSON.parse(line) as { id: string }).id).sort();
  }

  async close(): Promise<void> {
    this.stream.close();
    await Promise.all([this.plain.close(), this.range.close()]);
  }
}

const name = fc.constantFrom(...NAMES, 'group:g1', 'group:g2');
const lists = fc.record({ read: fc.array(name, { maxLength: 2 }), write: fc.array(name, { maxLength: 2 }) });
const access = fc.oneof(
  { weight: 3, arbitrary: fc.constant('inherit' as const) },
  { weight: 2, arbitrary: fc.constant('private' as const) },
  { weight: 2, arbitrary: fc.constant('tenant' as const) },
  { weight: 3, arbitrary: lists },
);
const place = fc.constantFrom(null, ...IDS);
const kind = fc.constantFrom('note', 'note', 'note', 'secret', 'draft');
const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('create' as const), kind, parentId: place, access }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('create' as const), kind, parentId: place }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('share' as const), access }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), parentId: place }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('turn' as const), kind }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('alter' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const) }) },
);
const step = fc.record({ by: fc.constantFrom('ann', 'bob', 'eve', 'dee'), id: fc.constantFrom(...IDS), change });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function act(api: Api, { id, change: { do: what, ...more } }: Step): Promise<number> {
  const path = `/api/atome/${id}`;
  switch (what) {
    case 'create':
      return (await api.post('/api/atome/create', { id, data: { n: 0 }, ...more })).status;
    case 'share':
      return (await api.post(`${path}/share`, more)).status;
    case 'move':
    case 'turn':
      return (await api.put(path, more)).status;
    case 'alter':
      return (await api.patch(path, { n: randomUUID() })).status;
    case 'delete':
      return (await api.delete(path)).status;
    case 'restore':
      return (await api.post(`${path}/restore`, { version: 1 })).status;
  }
}

describe('who may read what', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atome-policies-'));
  const file = join(folder, 'policies.json');
  let database: Database;
  let server: TestApp;
  /** Another server on the same database: it has nothing in memory of what was, and reads it from the ledger. */
  let late: TestApp;
  beforeAll(async () => {
    writeFileSync(file, JSON.stringify(POLICIES));
    database = createFile();
    const environment = { ...WITH_TOKENS, POLICIES_FILE: file, DATABASE_URL: database.url };
    server = await startApp(environment);
    late = await startApp(environment);
  });
  afterAll(async () => {
    await Promise.all([server.close(), late.close()]);
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  it('is the same on every door, and what a model says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (steps) => {
        const tenant = `t-${randomUUID()}`;
        const people = await Promise.all(NAMES.map((id) => TestUser.open(server, tenant, id)));
        const apiOf = (id: string): Api => people.find(({ who }) => who.id === id)!.api;
        for (const [index, each] of steps.entries()) {
          if (index === steps.length >> 1) await Promise.all(people.map((person) => person.begin()));
          expect([200, 201, 400, 403, 404, 409, 410]).toContain(await act(apiOf(each.by), each));
        }
        const admin = apiOf('dee');
        const { seq } = (await admin.post('/api/atome/create', { id: 'z', kind: 'end', data: {} })).body as {
          seq: number;
        };
        const all = (await admin.get('/api/atome/list?includeDeleted=true&limit=500')).body.data as Seen[];

        for (const person of people) {
          const visible = all.filter((atome) => mayRead(person.who, atome, all)).map(({ id }) => id);
          const alive = visible.filter((id) => all.find((atome) => atome.id === id)!.deletedAt === null).sort();
          for (const id of [...IDS, 'z', 'unknown']) {
            const [one, past] = [
              await person.api.get(`/api/atome/${id}`),
              await person.api.get(`/api/atome/${id}?version=1`),
            ];
            const history = await person.api.get(`/api/atome/${id}/history`);
            const expected = alive.includes(id) ? 200 : visible.includes(id) ? 410 : 404;
            const seen = visible.includes(id) ? 200 : 404;
            expect([person.who.id, id, one.status, past.status, history.status]).toEqual([
              person.who.id,
              id,
              expected,
              seen,
              seen,
            ]);
            if (expected === 404) expect(one.body.detail).toBe(`there is no atome "${id}"`);
          }
          visible.sort();
          expect(await person.listed()).toEqual({ ids: visible, total: visible.length });
          expect(await person.snapshot()).toEqual(alive);
          const replays = [server, late].flatMap((each) => [person.replayed(each, false), person.replayed(each, true)]);
          for (const copy of (await Promise.all(replays)).flat()) {
            expect([...copy.shown].sort()).toEqual(visible);
            expect([...copy.ids].sort()).toEqual(alive);
          }
          const continued = [server, late].flatMap((each) =>
            [true, false].map((compact) => person.continued(each, compact)),
          );
          for (const copy of [...(await person.live(seq)), ...(await Promise.all(continued))])
            expect([person.who.id, ...[...copy.ids].sort()]).toEqual([person.who.id, ...alive]);
        }
        expect(
          (await verifyLedger(server.app.get<LedgerStore>(LEDGER_STORE, { strict: false }).ledger(tenant))).fault,
        ).toBeUndefined();
        await Promise.all(people.map((person) => person.close()));
      }),
      { numRuns: 15 },
    );
  });
});
