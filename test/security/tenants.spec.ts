import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/properties.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer, type Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { EventStream } from '../support/clients/event-stream.js';
import type { TestSocket } from '../support/clients/socket.js';

/** Both tenants use the same names for atomes and writes. */
const IDS = ['a', 'b', 'c'];
const OP_IDS = ['op-1', 'op-2', 'op-3', undefined];

/** A tenant, everything that it is told, and a text of its own that is in all it writes. */
class Tenant {
  readonly told: string[] = [];

  private constructor(
    readonly canary: string,
    readonly api: Api,
    readonly plain: TestSocket,
    readonly range: TestSocket,
    readonly stream: EventStream,
  ) {}

  static async open(server: TestApp, name: string): Promise<Tenant> {
    const token = tokenOf('writer', { sub: `user-of-${name}`, tenant: name });
    const plain = await server.connect(bearer(token));
    const range = await server.connect();
    range.send({ type: 'auth', token });
    range.send({ type: 'subscribe', since: 0 });
    await range.next('sync:live');
    const stream = await EventStream.open(`${server.url}/api/sync/changes?since=0`, bearer(token));
    return new Tenant(name, server.api.as(token), plain, range, stream);
  }

  async call(method: string, path: string, body?: unknown, headers = {}): Promise<void> {
    const { status, text } = await this.api.call(method, path, body, headers);
    expect([200, 201, 404, 409, 410]).toContain(status);
    this.told.push(text);
  }

  /** All that the tenant was told, once nothing is on its way any more. */
  async everything(): Promise<{ text: string; seqs: number[]; head: number }> {
    // the last word in this ledger: behind it there is nothing
    const { seq } = (await this.api.post('/api/atome/create', { kind: 'end', data: {} })).body as { seq: number };
    await this.range.next('events', ({ to }) => to === seq);
    await this.plain.next('atome:created', (event) => event.seq === seq);
    for (let event = await this.stream.next(); event?.id !== String(seq); event = await this.stream.next()) {
      this.told.push(JSON.stringify(event));
    }
    const seqs = this.range.all('events').flatMap(({ events }) => events.map((event) => event.seq));
    const text = [...this.told, JSON.stringify(this.plain.received), JSON.stringify(this.range.received)].join('\n');
    return { text, seqs, head: seq };
  }

  async close(): Promise<void> {
    this.stream.close();
    await Promise.all([this.plain.close(), this.range.close()]);
  }
}

interface Step {
  readonly door: string;
  readonly id: string;
  readonly opId: string | undefined;
}
type Door = (me: Tenant, step: Step, other: Tenant) => Promise<void> | void;

const text = ({ canary }: Tenant) => ({ title: `${canary} ${randomUUID()}` });
const mutation = (me: Tenant, { id, opId = randomUUID() }: Step, operation: string) => ({
  opId,
  operation,
  atomeId: id,
  reason: me.canary,
  ...(operation === 'create' ? { kind: 'note', data: text(me) } : { changes: text(me) }),
});

const ENTRY_POINTS: Record<string, Door> = {
  create: (me, { id, opId }) =>
    me.call('POST', '/api/atome/create', { id, kind: 'note', data: text(me) }, opId && { 'idempotency-key': opId }),
  replace: (me, { id }) => me.call('PUT', `/api/atome/${id}`, { data: text(me) }),
  alter: (me, { id, opId }) => {
    const body = { operation: 'update', changes: text(me), reason: me.canary };
    return me.call('POST', `/api/atome/${id}/alter`, body, opId && { 'idempotency-key': opId });
  },
  delete: (me, { id }) => me.call('DELETE', `/api/atome/${id}`),
  restore: (me, { id }) => me.call('POST', `/api/atome/${id}/restore`, { version: 1 }),
  get: (me, { id }) => me.call('GET', `/api/atome/${id}`),
  'get an earlier version': (me, { id }) => me.call('GET', `/api/atome/${id}?version=1`),
  'get as of a seq': (me, { id }) => me.call('GET', `/api/atome/${id}?at=2`),
  history: (me, { id }) => me.call('GET', `/api/atome/${id}/history`),
  list: (me) => me.call('GET', '/api/atome/list?includeDeleted=true&count=true'),
  // who searches for the text of the other has it already; that it is not there must be all there is to learn
  search: async (me, _step, other) => {
    const { body } = await me.api.get(`/api/atome/list?includeDeleted=true&search=${other.canary}`);
    expect(body.data).toEqual([]);
  },
  changes: (me) => me.call('GET', '/api/sync/changes?since=0'),
  snapshot: (me) => me.call('GET', '/api/sync/snapshot'),
  'server-info': (me) => me.call('GET', '/api/server-info'),
  push: (me, step) => {
    const operations = ['create', 'update'].map((operation) => mutation(me, { ...step, opId: undefined }, operation));
    return me.call('POST', '/api/sync/push', { operations });
  },
  mutate: async (me, step) => {
    me.range.send({ type: 'mutate', ...mutation(me, step, 'create') });
    await me.range.answer();
  },
  'original client': async (me, { id }) => {
    me.plain.send({ type: 'atome:updated', atome: { id, kind: 'note', data: text(me) } });
    await me.plain.settled();
  },
  presence: async (me) => {
    me.plain.send({ type: 'presence', state: me.canary });
    await me.plain.settled();
  },
  'subscribe again': async (me, { id }) => {
    me.range.send({ type: 'subscribe', since: 0, ids: [id] });
    await me.range.next('sync:live');
    me.range.send({ type: 'subscribe', since: 0 });
    await me.range.next('sync:live');
  },
};

const step = fc.record({
  mine: fc.boolean(),
  door: fc.constantFrom(...Object.keys(ENTRY_POINTS)),
  id: fc.constantFrom(...IDS),
  opId: fc.constantFrom(...OP_IDS),
});

describe('two tenants with the same ids', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp(WITH_TOKENS);
  });
  afterAll(() => server.close());

  it('never see a word of each other, and each counts for itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const [one, other] = await Promise.all([open(server), open(server)]);
        for (const { mine, ...each } of steps) {
          const [me, them] = mine ? [one, other] : [other, one];
          await ENTRY_POINTS[each.door]!(me, each, them);
        }
        const [ours, theirs] = [await one.everything(), await other.everything()];
        expect(ours.text).not.toContain(other.canary);
        expect(theirs.text).not.toContain(one.canary);
        for (const { seqs, head } of [ours, theirs]) {
          expect([...new Set(seqs)].sort((a, b) => a - b)).toEqual(Array.from({ length: head }, (_, i) => i + 1));
        }
        await Promise.all([one.close(), other.close()]);
      }),
      { numRuns: 25 },
    );
  });

  it('have an epoch each', async () => {
    const [one, other] = await Promise.all([open(server), open(server)]);
    const [{ body }, { body: theirs }] = [
      await one.api.get('/api/server-info'),
      await other.api.get('/api/server-info'),
    ];
    expect(body.epoch).not.toBe(theirs.epoch);
    const { epoch } = body;
    expect(await other.api.get(`/api/sync/changes?since=0&epoch=${String(epoch)}`)).toMatchObject({ status: 409 });
    await Promise.all([one.close(), other.close()]);
  });
});

function open(server: TestApp): Promise<Tenant> {
  return Tenant.open(server, `tenant-${randomUUID()}`);
}
