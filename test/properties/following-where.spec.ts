import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessPolicy } from '../../src/auth/authorization/access-policy.js';
import { readChanges } from '../../src/feed/changes.js';
import { Feed } from '../../src/feed/feed.js';
import { DEFAULT_FEED_OPTIONS } from '../../src/feed/options.js';
import { framePayloads } from '../../src/feed/ws-frame.js';
import { headerOfAtome } from '../../src/ledger/outcome.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import {
  matchesCondition,
  parseCondition,
  type Atome,
  type AtomeEvent,
  type Filter,
  type JsonObject,
  type Mutation,
  type Principal,
  type WholeFrame,
} from '../../src/protocol/index.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { feedParts } from '../support/feed/feed-parts.js';
import { create, openLedger, update, write, type TestLedger } from '../support/ledger/ledger.js';
import { POLICIES } from '../support/models/access-model.js';
import fc from '../support/properties.js';

/** So small that followers often fall out of memory, and pages often end. */
const OPTIONS = { ...DEFAULT_FEED_OPTIONS, ringEntries: 6, frameChars: 2_000 };
const RULES = new AccessPolicy({ policies: POLICIES }, (error) => {
  throw error;
});

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const value = fc.constantFrom(0, 1, 2, '1', null, [1], { m: 1 });
const data: fc.Arbitrary<JsonObject> = fc.dictionary(fc.constantFrom('n', 'o'), value, { maxKeys: 2 });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(id, data).map(([each, content]) => create(each, content)) },
  { weight: 6, arbitrary: fc.tuple(id, data).map(([each, content]) => update(each, content)) },
  fc.tuple(id, data).map(([each, content]) => write(each, 'replace', { data: content })),
  fc.tuple(id, fc.constantFrom('note', 'secret')).map(([each, kind]) => write(each, 'replace', { kind })),
  fc.tuple(id, id).map(([each, parentId]) => write(each, 'replace', { parentId })),
  fc
    .tuple(id, fc.constantFrom('private' as const, 'tenant' as const, 'inherit' as const))
    .map(([each, access]) => write(each, 'share', { access })),
  id.map((each) => write(each, 'delete', {})),
  id.map((each) => write(each, 'restore', { version: 1 })),
  id.map((each) => write(each, 'redact', {})),
);
const where = fc.constantFrom<JsonObject>(
  { 'data.n': 1 },
  { 'data.n': { gte: 1 }, 'data.o': { ne: null } },
  { or: [{ 'data.n': { exists: false } }, { 'data.o.m': 1 }] },
  { 'data.n': { contains: 1 } },
  { 'data.n': { in: ['1', null] }, deletedAt: null },
  { version: { lte: 3 } },
  { parentId: 'a', 'data.n': { nin: [0] } },
);
const filter = fc
  .record({ kinds: fc.option(fc.constant(['note']), { nil: undefined }), where })
  .map((each): Filter => ({ ...(each.kinds && { kinds: each.kinds }), where: parseCondition(each.where) }));
/** How one follows for a while: asking, a few events at a time, or listening, perhaps while others write. */
const leg = fc.record({
  form: fc.constantFrom('range' as const, 'sse' as const, 'changes' as const),
  compact: fc.boolean(),
  limit: fc.integer({ min: 1, max: 4 }),
  meanwhile: fc.array(mutation, { maxLength: 4 }),
  toTheEnd: fc.boolean(),
});
type Leg = typeof leg extends fc.Arbitrary<infer T> ? T : never;

/** Whose copy is brought forward leg by leg. */
class Follower {
  readonly held = new Map<string, Atome>();
  private since = 0;

  constructor(
    private readonly feed: Feed,
    private readonly principal: Principal,
    private readonly filter: Filter,
  ) {}

  async follow({ form, compact, limit, toTheEnd }: Leg, meanwhile: () => Promise<unknown>): Promise<void> {
    const { principal, filter, since } = this;
    if (form === 'changes') {
      const log = await this.feed.log(principal.tenant);
      const { signal } = new AbortController();
      const request = { principal, rights: '', cursor: { since }, filter, compact, limit, waitMs: 0, signal };
      const [page] = await Promise.all([readChanges(log, request), meanwhile()]);
      page.events.forEach((event) => this.take(JSON.parse(event) as AtomeEvent));
      this.since = page.to;
      return;
    }
    let live = (): void => undefined;
    const isLive = new Promise<void>((resolve) => (live = resolve));
    const sink = {
      unsent: 0,
      write: (bytes: Buffer) => (form === 'range' ? this.takeFrames(bytes) : this.takeStream(bytes.toString())),
      live: () => live(),
      reset: (reason: string) => {
        throw new Error(reason);
      },
    };
    const reader = await this.feed.open(principal.tenant, { sink, principal, since, filter, compact, form });
    reader.pump();
    const written = meanwhile();
    if (toTheEnd) await isLive;
    await written;
    this.feed.close(principal.tenant, reader);
    await reader.idle();
  }

  private takeFrames(bytes: Buffer): void {
    for (const each of framePayloads(bytes)) {
      const { from, to, events } = JSON.parse(each.toString()) as WholeFrame;
      expect(from).toBe(this.since);
      events.forEach((event) => this.take(event));
      this.since = to;
    }
  }

  private takeStream(text: string): void {
    for (const [, seq, event] of text.matchAll(/id: (\d+)\n(?:data: (.*)\n)?\n/g)) {
      if (event) this.take(JSON.parse(event) as AtomeEvent);
      this.since = Number(seq);
    }
  }

  private take(event: AtomeEvent): void {
    if ('atome' in event && event.atome.deletedAt === null) {
      expect(matchesCondition(this.filter.where!, event.atome)).toBe(true);
      this.held.set(event.atome.id, event.atome);
    } else this.held.delete('atome' in event ? event.atome.id : event.atomeId);
  }
}

describe.each(DATABASES)('who follows a condition on %s', (name, make) => {
  let database: Database;
  let store: SqlStore;
  let ledger: TestLedger;
  let runs = 0;
  beforeAll(async () => {
    database = await make();
    store = await openStore(database.url);
    ledger = await openLedger(store, { rules: RULES });
  });
  afterAll(async () => {
    await ledger.close();
    await database.drop();
  });

  it('has in the end what matches and may be read, wherever and in whatever form it was resumed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(leg, { minLength: 2, maxLength: 8 }), filter, async (legs, wanted) => {
        const tenant = `t${(runs += 1)}`;
        const author = { id: 'ann', tenant, roles: ['admin' as const] };
        const reader: Principal = { id: 'bob', tenant, roles: ['reader'] };
        const feed = new Feed(feedParts(ledger.ledgers, OPTIONS, RULES), ledger.writer, (error) => {
          throw error;
        });
        feed.start();
        const submit = (each: Mutation): Promise<unknown> =>
          // what is refused writes nothing
          ledger.writer.submit(tenant, each, { principal: author, sourceClient: null }).catch(() => undefined);
        try {
          const follower = new Follower(feed, reader, wanted);
          for (const each of legs) await follower.follow(each, () => Promise.all(each.meanwhile.map(submit)));
          await ledger.settled();
          await (await feed.log(tenant)).tail.refresh();
          const rest = legs[0]!.compact;
          const last = { form: 'range', compact: rest, limit: 1, meanwhile: [], toTheEnd: true } as const;
          await follower.follow({ ...last, meanwhile: [] }, () => Promise.resolve());
          const rows = await Promise.all(
            ['a', 'b', 'c', 'd', 'e'].map((each) =>
              ledger.ledgers
                .of(tenant)
                .find(each)
                .catch(() => undefined),
            ),
          );
          const expected = rows.filter(
            (atome) =>
              atome?.deletedAt === null &&
              (wanted.kinds?.includes(atome.kind) ?? true) &&
              matchesCondition(wanted.where!, atome) &&
              RULES.isAllowed(reader, 'read', headerOfAtome(atome)),
          );
          expect([...follower.held.values()].sort((one, other) => (one.id < other.id ? -1 : 1))).toEqual(expected);
        } finally {
          feed.stop();
        }
      }),
      { numRuns: name === 'SQLite' ? 60 : 15 },
    );
  });
});
