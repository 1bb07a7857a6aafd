import { randomBytes } from 'node:crypto';
import { setTimeout as elapse } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Messages, type Hint, type NodeMessage } from '../../src/bus/messages.js';
import { NatsTransport } from '../../src/bus/nats.transport.js';
import { PostgresTransport } from '../../src/bus/postgres.transport.js';
import type { Transport } from '../../src/bus/transport.js';
import { MemoryTransport } from '../support/bus/memory.transport.js';
import { hasNatsServer, NatsServer } from '../support/bus/nats-server.js';
import { SECRET, TestNode } from '../support/bus/test-node.js';
import { createDatabase } from '../support/databases/postgres.js';
import { committed } from '../support/ledger/committed.js';

/** A bus to hold to the contract. */
interface BusUnderTest {
  readonly connect: () => Transport;
  /** Breaks the connections of all nodes. */
  readonly breakAll: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

async function memory(): Promise<BusUnderTest> {
  const transport = new MemoryTransport();
  return Promise.resolve({
    connect: () => transport,
    breakAll: () => Promise.resolve(transport.cut()),
    close: () => Promise.resolve(),
  });
}

async function postgres(): Promise<BusUnderTest> {
  const database = await createDatabase();
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  return {
    connect: () => new PostgresTransport(database.url, 'atome'),
    breakAll: () =>
      admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'atome-sync bus'`),
    close: async () => {
      await admin.end();
      await database.drop();
    },
  };
}

async function nats(): Promise<BusUnderTest> {
  const server = await NatsServer.start();
  return {
    connect: () => new NatsTransport(server.url),
    breakAll: async () => {
      await server.kill();
      await server.run();
    },
    close: () => server.kill(),
  };
}

/** Reads along, knowing the secret. */
function hintsIn(texts: readonly string[]): Hint[] {
  const messages = new Messages('reader', SECRET);
  const said = (message: NodeMessage | undefined): readonly Hint[] =>
    message?.type === 'hints' ? message.hints : message?.type === 'committed' ? [message.hint] : [];
  return texts.flatMap((text) => said(messages.messageOf(text)?.message));
}

if (!hasNatsServer) process.stderr.write('NATS is not tested: there is no nats-server; NATS_SERVER_PATH says where\n');

describe.each([['memory', memory], ['PostgreSQL', postgres], ...(hasNatsServer ? [['NATS', nats] as const] : [])])(
  'the bus over %s',
  (_name, open) => {
    let bus: BusUnderTest;
    const nodes: TestNode[] = [];
    const ends: (() => Promise<unknown>)[] = [];
    beforeAll(async () => {
      bus = await open();
    });
    afterEach(async () => {
      await Promise.all(nodes.splice(0).map((node) => node.bus.close()));
      await Promise.all(ends.splice(0).map((end) => end()));
    });
    afterAll(() => bus.close());

    /** Nodes that know of each other. */
    async function start(count: number): Promise<TestNode[]> {
      nodes.push(...Array.from({ length: count }, () => new TestNode(bus.connect())));
      return Promise.all(nodes.map((node) => node.knows(count - 1)));
    }

    /** Somebody on the bus that is no node. */
    async function stranger(): Promise<{ texts: string[]; send: (...texts: string[]) => Promise<void> }> {
      const texts: string[] = [];
      const connection = await bus.connect().connect({ text: (text) => texts.push(text), broken: () => undefined });
      ends.push(() => connection.close());
      return { texts, send: (...sent) => connection.send(sent) };
    }

    it('tells every other node how far a ledger has come, and nobody of its own', async () => {
      const [one, two, three] = await start(3);
      one!.bus.publish({ tenant: 't', seq: 7 });
      await Promise.all([two!.hears('t', 7), three!.hears('t', 7)]);
      two!.bus.publish({ tenant: 'u', seq: 1 });
      await Promise.all([one!.hears('u', 1), three!.hears('u', 1)]);
      expect(one!.hints).toEqual([{ tenant: 'u', seq: 1 }]);
      expect(two!.hints).toEqual([{ tenant: 't', seq: 7 }]);
    });

    it('tells of the newest of many, in few messages', async () => {
      const [one, two] = await start(2);
      const { texts } = await stranger();
      for (let seq = 1; seq <= 1_000; seq += 1) one!.bus.publish({ tenant: 't', seq });
      await two!.hears('t', 1_000);
      const hints = hintsIn(texts).filter(({ tenant }) => tenant === 't');
      expect(hints.length).toBeLessThan(20);
    });

    it('carries many tenants at once, of the longest name and the highest seq', async () => {
      const [one, two] = await start(2);
      const tenants = Array.from({ length: 1_500 }, (_, n) => `${n}`.padEnd(128, 't'));
      for (const tenant of tenants) one!.bus.publish({ tenant, seq: Number.MAX_SAFE_INTEGER });
      await two!.told(({ hints }) => hints.length === tenants.length);
      expect(new Set(two!.hints.map(({ tenant }) => tenant))).toEqual(new Set(tenants));
    });

    it('tells nobody of writes where there is no other node', async () => {
      const { texts, send } = await stranger();
      const one = new TestNode(bus.connect());
      nodes.push(one);
      // it is connected when it can be heard
      while (texts.length === 0) await elapse(5);
      one.bus.publish({ tenant: 't', seq: 1 });
      const two = new TestNode(bus.connect());
      nodes.push(two);
      await one.knows(1);
      one.bus.publish({ tenant: 't', seq: 2 });
      await two.hears('t', 2);
      await send('end');
      while (!texts.includes('end')) await elapse(5);
      expect(hintsIn(texts).filter(({ seq }) => seq === 1)).toEqual([]);
    });

    it('takes no notice of what no node has sent, or has sent before', async () => {
      const [one, two] = await start(2);
      const { texts, send } = await stranger();
      const node = 'ab'.repeat(6);
      const forged = new Messages(node, randomBytes(32));
      const hint = { tenant: 't', seq: 9 };
      const messages: NodeMessage[] = [
        { type: 'alive', revision: 1 },
        { type: 'hints', hints: [hint] },
        { type: 'committed', hint, committed: [committed(9)] },
        { type: 'state', change: { revision: 1, whole: 'both', entries: [['k', '1']] } },
      ];
      const untrue = ['', '{', 'null', '[]', `["${node}","?",{"toString":0}]`, `["${node}","t",1]`, 'a'.repeat(7_000)];
      await send(...untrue, ...messages.map((message) => forged.textOf(message)));
      two!.bus.publish({ tenant: 't', seq: 1 });
      await one!.hears('t', 1);
      // recorded, and sent again after what came next
      await send(...texts);
      two!.bus.publish({ tenant: 't', seq: 2 });
      await one!.hears('t', 2);
      expect(one!.hints.map(({ seq }) => seq)).toEqual([1, 2]);
      expect([one!.state, one!.bus.peerCount, one!.faults]).toEqual([{}, 1, []]);
    });

    it('carries what was committed between servers of one database, where it can, and never to others', async () => {
      const [one, two] = await start(2);
      const other = new TestNode(bus.connect(), randomBytes(32));
      nodes.push(other);
      const small = [committed(1, { id: 'a' })];
      one!.bus.publish({ tenant: 't', seq: 1 }, small);
      one!.bus.publish({ tenant: 'u', seq: 1 }, [committed(1, { size: 1_000_000 })]);
      await Promise.all([two!.hears('t', 1), two!.hears('u', 1)]);
      const came = (node: TestNode, tenant: string): unknown =>
        node.carried[node.hints.findIndex((hint) => hint.tenant === tenant)];
      expect(came(two!, 't')).toEqual(bus.connect().carries ? small : undefined);
      expect([came(two!, 'u'), other.hints, other.bus.peerCount]).toEqual([undefined, [], 0]);
    });

    it('tells of all, in order, where more is committed than can be on its way', async () => {
      const [one, two] = await start(2);
      for (let seq = 1; seq <= 500; seq += 1) one!.bus.publish({ tenant: 't', seq }, [committed(seq)]);
      await two!.hears('t', 500);
      const carried = two!.carried.flatMap((each) => each?.map(({ alteration }) => alteration.seq) ?? []);
      expect(carried).toEqual([...carried].sort((x, y) => x - y));
    });

    it('tells others what a node says of itself, also those who come later, until it leaves', async () => {
      const [one, two] = await start(2);
      // more than one message takes
      const all = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, `${'v'.repeat(1_000)}${n}`]));
      for (const [key, value] of Object.entries(all)) one!.bus.state.set(key, value);
      await two!.told(({ state }) => Object.keys(state).length === 40);
      one!.bus.state.set('k0', null);
      one!.bus.state.set('k1', 'another');
      const three = new TestNode(bus.connect());
      const outsider = new TestNode(bus.connect(), randomBytes(32));
      nodes.push(three, outsider);
      const left: Record<string, string> = { ...all, k1: 'another' };
      delete left.k0;
      await Promise.all(
        [two!, three].map((node) =>
          node.told(({ state }) => state.k1 === 'another' && Object.keys(state).length === 39),
        ),
      );
      expect([two!.state, three.state, outsider.state]).toEqual([left, left, {}]);
      await one!.bus.close();
      await Promise.all([two!, three].map((node) => node.told(({ state }) => Object.keys(state).length === 0)));
    });

    it('connects again when it breaks, and says so', async () => {
      const [one, two] = await start(2);
      await bus.breakAll();
      await Promise.all([one, two].map((node) => node!.told(({ faults }) => faults.includes(undefined))));
      await Promise.all([one!.knows(1), two!.knows(1)]);
      one!.bus.publish({ tenant: 't', seq: 2 });
      await two!.hears('t', 2);
      expect(one!.faults[0]).toEqual(expect.stringMatching(/^(memory|PostgreSQL LISTEN\/NOTIFY|NATS): ./));
      expect(one!.bus.fault).toBeUndefined();
    });

    it('says what it has still to say before it leaves', async () => {
      const [one, two] = await start(2);
      one!.bus.publish({ tenant: 't', seq: 1 });
      one!.bus.publish({ tenant: 't', seq: 2 });
      await one!.bus.close();
      await two!.hears('t', 2);
    });
  },
);
