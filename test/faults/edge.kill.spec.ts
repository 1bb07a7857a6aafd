import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { audit, createFile, DATABASES, type Audit, type Database } from '../support/databases/databases.js';
import { contents } from '../support/edge/edge-pair.js';
import { FaultProxy } from '../support/faults/fault-proxy.js';
import { report } from '../support/report.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { ServerProcess } from '../support/server/process.js';
import { atomesOf, FollowingClient } from '../support/clients/following-client.js';
import { workload, type Write } from '../support/clients/workload.js';
import { SocketWriter, Tally } from '../support/clients/writers.js';
import { WS_PATH } from '../../src/protocol/index.js';

/** Few here; by hand `EDGE_WRITES=10000 EDGE_KILLS=50 npm run jest -- test/faults/edge.kill.spec.ts`. */
const WRITES = Number(process.env.EDGE_WRITES ?? 200);
const KILLS = Number(process.env.EDGE_KILLS ?? 3);
/** Against a hang alone. */
const PATIENCE_MS = 300_000 + WRITES * 60 + KILLS * 10_000;

/** Atomes that both sides write to. */
const BOTH = Array.from({ length: 10 }, (_, n) => `both-${n}`);
const FIRST: readonly Write[] = [...BOTH, 'shared'].map((atomeId) => ({
  opId: `first-${atomeId}`,
  operation: 'create',
  atomeId,
  kind: 'note',
  data: {},
}));

/** Every other write is to an atome, and a key, that others write to as well. */
function* contended(writer: string, count: number): Generator<Write> {
  const own = workload(writer);
  for (let n = 0; n < count; n += 1) {
    if (n % 2 === 0) yield own.next().value as Write;
    else {
      const changes = { [`key-${n % 3}`]: `${writer} ${n}` };
      yield { opId: `${writer}+${n}`, atomeId: BOTH[n % BOTH.length]!, operation: 'update', changes };
    }
  }
}

describe.each(DATABASES)(
  'an edge on SQLite of a server on %s, cut off and killed while both are written to',
  (name, create) => {
    const tally = new Tally();
    const atEdge = [
      new SocketWriter(contended('e1', WRITES / 2), tally),
      new SocketWriter(contended('e2', WRITES / 2), tally),
    ];
    const atCore = new SocketWriter(contended('c1', WRITES), tally);
    const reader = new FollowingClient();
    const file = createFile();
    let database: Database;
    let core: TestApp;
    let way: FaultProxy;
    let edge: ServerProcess | undefined;
    let states: Map<string, unknown>[];
    let ledgers: Record<'edge' | 'core', Audit>;
    let link: Record<string, unknown>;

    async function start(): Promise<void> {
      const UPSTREAM = way.url.replace('http', 'ws') + WS_PATH;
      edge = await ServerProcess.start({
        DATABASE_URL: file.url,
        MESSAGES_PER_SECOND: '100000',
        UPSTREAM,
        LOG_LEVEL: 'error',
      });
    }

    /** Resolves when all that was written at either is decided above, and has come down. */
    async function joined(): Promise<void> {
      for (;;) {
        const { body } = await edge!.api.get('/api/sync/edge');
        link = body;
        const { seq } = (body.upstream ?? {}) as { seq?: number };
        const { body: changes } = await core.api.get(`/api/sync/changes?since=${seq ?? 0}&limit=1&wait=0`);
        if (body.waiting === 0 && seq === changes.head) return;
      }
    }

    beforeAll(async () => {
      database = await create();
      core = await startApp({ DATABASE_URL: database.url });
      way = await FaultProxy.to(core.url);
      await core.api.post('/api/sync/push', { operations: FIRST });
      await start();
      await joined();
      atCore.connect(core);
      way.break({ kind: 'refuse' });
      const finished = Promise.all(atEdge.map((each) => each.finished()));
      const healed = Math.ceil(KILLS / 2);
      for (let kill = 0; kill < KILLS; kill += 1) {
        if (kill === healed) {
          await atCore.finished();
          way.heal();
        }
        for (const client of [reader, ...atEdge]) client.connect(edge!);
        const most = Math.min(WRITES / KILLS, ...(kill < healed ? [WRITES / KILLS] : [50]));
        // the last ones may have been written before
        await Promise.race([tally.more(randomInt(1 + Math.floor(most))), finished]);
        await edge!.kill('SIGKILL');
        await start();
      }
      for (const client of [reader, ...atEdge]) client.connect(edge!);
      await finished;
      await joined();
      states = [contents((await atomesOf(edge!)).values()), contents((await atomesOf(core)).values())];
      await reader.reached(Number(link.safe));
      await edge!.kill('SIGTERM');
      await core.close();
      ledgers = { edge: await audit(file.url), core: await audit(database.url) };
      const { length } = ledgers.edge.alterations;
      report(`edge of ${name}: ${KILLS} kills, ${2 * WRITES} writes, ${length} alterations at the edge`);
    }, PATIENCE_MS);

    afterAll(async () => {
      for (const client of [reader, atCore, ...atEdge]) client.disconnect();
      await edge?.kill('SIGKILL');
      await way.close();
      await database.drop();
      await file.drop();
    });

    it('comes to the same states', () => {
      expect(states[0]!.size).toBeGreaterThan(BOTH.length);
      expect(states[0]).toEqual(states[1]);
    });

    it('has every acknowledged write at both, once', () => {
      const acknowledged = [atCore, ...atEdge].flatMap((writer) => [...writer.acknowledged.keys()]);
      expect(acknowledged).toHaveLength(2 * WRITES);
      expect(link.refused).toEqual([]);
      for (const { alterations } of [ledgers.edge, ledgers.core]) {
        const opIds = alterations.flatMap(({ opId }) => opId ?? []);
        expect(new Set(opIds).size).toBe(opIds.length);
      }
      // a restore may go up as two writes
      const atCoreToo = ledgers.core.alterations.flatMap(({ opId }) => (opId?.includes('~') ? [] : opId));
      expect(atCoreToo.sort()).toEqual([...acknowledged, ...FIRST.map(({ opId }) => opId)].sort());
      const atTheEdge = new Set(ledgers.edge.alterations.map(({ opId }) => opId));
      expect(
        atEdge.flatMap((writer) => [...writer.acknowledged.keys()]).filter((opId) => !atTheEdge.has(opId)),
      ).toEqual([]);
    });

    it('has sound ledgers, and knows where the other ends', () => {
      expect([ledgers.edge.result.fault, ledgers.core.result.fault]).toEqual([undefined, undefined]);
      expect(link.upstream).toMatchObject({ seq: ledgers.core.alterations.length });
    });

    it('never has a reader begin anew', () => {
      expect(reader.resets).toEqual([]);
      expect(reader.applied.map(({ seq }) => seq)).toEqual(ledgers.edge.alterations.map(({ seq }) => seq));
    });
  },
);
