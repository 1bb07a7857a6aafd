import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EdgePair, ledgerOf, type PairEnvironment } from '../../support/edge/edge-pair.js';
import type { TestApp } from '../../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../../support/server/tokens.js';
import { openRewind } from '../../support/ledger/rewind.js';
import { Adopter } from '../../../src/edge/adopter.js';
import { Outbox } from '../../../src/edge/outbox.js';
import { OwnNames } from '../../../src/edge/own-names.js';
import { UpstreamCalls } from '../../../src/edge/upstream-calls.js';
import type { Tables } from '../../../src/database/tables.js';
import { lastHolder } from '../../../src/ledger/compaction/holders.js';
import { alterationBodyOf } from '../../../src/ledger/row-mapper.js';
import { LEDGER_STORE, type LedgerStore } from '../../../src/ledger/store.js';
import type { Ack } from '../../../src/protocol/index.js';

/** The settings of an edge, as docs/operations.md has them. */
const SETTINGS = Object.fromEntries(
  [
    ...readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8').matchAll(
      /^```ini\n(UPSTREAM=[\s\S]*?)^```/gm,
    ),
  ]
    .flatMap(([, lines = '']) => lines.trim().split('\n'))
    .map((line) => line.split(/=(.*)/s) as [string, string]),
);

const NOTE = { kind: 'note', data: { a: 0, b: 0 } };

async function rowsOf(app: TestApp, tenant?: string) {
  return ledgerOf(app, tenant).alterations.page({ after: 0, upTo: 1e9, limit: 1e6, chars: 1e9 });
}

describe('an edge', () => {
  let pair: EdgePair;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'edge-'));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await pair.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(environment: PairEnvironment = {}): Promise<void> {
    pair = await EdgePair.start(environment);
    await pair.until(() => pair.link.status().state === 'live');
  }

  async function push(app: TestApp, ...operations: object[]): Promise<Ack[]> {
    const { body } = await app.api.post('/api/sync/push', { operations });
    return body.results as Ack[];
  }

  const create = (opId: string, atomeId: string) => ({ opId, operation: 'create', atomeId, ...NOTE });
  const update = (opId: string, atomeId: string, changes: object) => ({ opId, operation: 'update', atomeId, changes });
  const status = async () => (await pair.edge.api.get('/api/sync/edge')).body;

  it('runs with the settings of the operations page, as who the token says', async () => {
    writeFileSync(join(folder, 'core.token'), `${tokenOf('admin', { sub: 'branch', tenant: 'acme' })}\n`);
    expect(Object.keys(SETTINGS)).toEqual(['UPSTREAM', 'UPSTREAM_TOKEN_FILE', 'UPSTREAM_TENANT', 'DATABASE_URL']);
    await start({
      core: WITH_TOKENS,
      tenant: 'acme',
      edge: {
        ...SETTINGS,
        UPSTREAM_TOKEN_FILE: join(folder, 'core.token'),
        DATABASE_URL: `sqlite:${join(folder, 'edge.sqlite')}`,
      },
    });
    await push(pair.edge, create('op-1', 'x'));
    await pair.joined();
    expect(await rowsOf(pair.core, 'acme')).toMatchObject([{ opId: 'op-1', author: 'branch' }]);
    expect((await pair.edge.api.get('/api/atome/x')).body.atome).toMatchObject({ ownerId: 'branch', data: NOTE.data });
  });

  it('says of each write how far it is safe', async () => {
    await start();
    pair.way.break({ kind: 'refuse' });
    const socket = await pair.edge.connect();
    socket.send({ type: 'mutate', ...create('op-1', 'x') });
    const ack = await socket.next('ack');
    expect(ack).toMatchObject({ safe: 'edge', seq: 1 });
    expect(await status()).toMatchObject({ waiting: 1, safe: 0, state: 'waiting' });
    pair.way.heal();
    await pair.joined();
    expect(await status()).toMatchObject({ waiting: 0, safe: ack.seq, refused: [], upstream: { seq: 1, head: 1 } });
    expect(await push(pair.edge, create('op-1', 'x'))).toMatchObject([{ safe: 'core', duplicate: true }]);
    expect(await push(pair.core, create('op-1', 'x'))).toEqual([
      expect.not.objectContaining({ safe: expect.anything() }),
    ]);
    expect((await pair.core.api.get('/api/sync/edge')).status).toBe(404);
  });

  it('tells its readers at once of what was written beside them, and of what comes from above', async () => {
    await start();
    const reader = await pair.edge.connect();
    reader.send({ type: 'subscribe', since: 0 });
    await reader.next('subscribed');
    pair.way.break({ kind: 'refuse' });
    await push(pair.edge, create('op-1', 'x'));
    expect(await reader.next('events', ({ events }) => events.length > 0)).toMatchObject({
      events: [{ opId: 'op-1' }],
    });
    await push(pair.core, create('op-2', 'y'), update('op-3', 'y', { a: 1 }));
    pair.way.heal();
    const { events } = await reader.next('events', ({ to }) => to === 3);
    expect(events.at(-1)).toMatchObject({
      opId: 'op-3',
      alteration: { operation: 'update', sourceClient: 'upstream 2' },
    });
  });

  it('takes back what is refused above, and tells its author why', async () => {
    await start();
    await push(pair.core, create('op-1', 'x'), create('op-2', 'y'));
    await pair.joined();
    pair.way.break({ kind: 'refuse' });
    await push(pair.core, { opId: 'op-3', operation: 'delete', atomeId: 'x' }, update('op-4', 'y', { a: 'core' }));
    const [refused] = await push(pair.edge, update('op-5', 'x', { a: 1 }), update('op-6', 'y', { b: 'edge' }));
    expect((await pair.edge.api.get('/api/atome/x')).status).toBe(200);
    pair.way.heal();
    await pair.joined();
    expect((await status()).refused).toMatchObject([
      { opId: 'op-5', code: 'gone', seq: refused!.seq, author: 'anonymous' },
    ]);
    expect((await pair.edge.api.get('/api/atome/x')).status).toBe(410);
    expect((await pair.edge.api.get('/api/atome/y')).body.atome).toMatchObject({ data: { a: 'core', b: 'edge' } });
    const [edge, core] = await pair.states();
    expect(edge).toEqual(core);
  });

  it('sends a restore up as what it has brought back', async () => {
    await start();
    await push(pair.edge, create('op-1', 'x'), update('op-2', 'x', { a: 1 }), update('op-3', 'x', { a: 2 }));
    await pair.joined();
    await push(pair.core, update('op-4', 'x', { b: 1 }));
    await pair.joined();
    await push(pair.edge, { opId: 'op-5', operation: 'delete', atomeId: 'x' });
    await push(pair.edge, { opId: 'op-6', operation: 'restore', atomeId: 'x', changes: { version: 2 } });
    await push(pair.edge, update('op-7', 'x', { c: 1 }));
    await pair.joined();
    const [edge, core] = await pair.states();
    expect(core.get('x')).toMatchObject({ data: { a: 1, b: 0, c: 1 } });
    expect(edge).toEqual(core);
    expect((await status()).refused).toEqual([]);
  });

  it('erases at both, from either side', async () => {
    await start();
    await push(pair.core, create('op-1', 'x'), create('op-2', 'y'));
    await pair.joined();
    await push(pair.edge, update('op-3', 'y', { a: 'mine' }));
    expect((await pair.edge.api.post('/api/atome/y/erase', {})).status).toBe(200);
    expect((await pair.core.api.post('/api/atome/x/erase', {})).status).toBe(200);
    await pair.joined();
    for (const app of [pair.edge, pair.core]) {
      for (const id of ['x', 'y'])
        expect((await app.api.get(`/api/atome/${id}`)).body).toMatchObject({ redacted: true });
    }
    expect((await rowsOf(pair.edge)).filter(({ changes }) => changes.includes('mine'))).toEqual([]);
  });

  it('takes another ledger above for what there is, and keeps what waits', async () => {
    const DATABASE_URL = `sqlite:${join(folder, 'core.sqlite')}`;
    await start({ core: { DATABASE_URL, HEAD_POLL_MS: '20' } });
    const rewind = await openRewind(DATABASE_URL);
    await rewind.keep();
    await push(pair.core, create('op-1', 'x'));
    await pair.joined();
    pair.way.break({ kind: 'refuse' });
    await push(pair.edge, create('op-2', 'mine'));
    await rewind.putBack();
    await rewind.close();
    await push(pair.core, create('op-3', 'other'));
    pair.way.heal();
    await pair.joined();
    const [edge, core] = await pair.states();
    expect([...edge.keys()].sort()).toEqual(['mine', 'other']);
    expect(edge).toEqual(core);
    expect((await pair.edge.api.get('/api/atome/x/history')).body).toMatchObject({
      alterations: [{ operation: 'delete' }, {}],
    });
  });

  it('erases again what a server above that was put back still shows', async () => {
    const DATABASE_URL = `sqlite:${join(folder, 'core.sqlite')}`;
    await start({ core: { DATABASE_URL, HEAD_POLL_MS: '20' } });
    await push(pair.core, create('op-1', 'x'));
    await pair.joined();
    const rewind = await openRewind(DATABASE_URL);
    await rewind.keep();
    expect((await pair.edge.api.post('/api/atome/x/erase', {})).status).toBe(200);
    await pair.joined();
    pair.way.break({ kind: 'refuse' });
    await rewind.putBack();
    await rewind.close();
    await push(pair.core, create('op-2', 'y'));
    expect((await pair.core.api.get('/api/atome/x')).status).toBe(200);
    pair.way.heal();
    await pair.until(() => pair.link.status().upstream?.seq === 3);
    expect((await pair.core.api.get('/api/atome/x')).body).toMatchObject({ redacted: true });
  });

  it('erases what a snapshot does not have since it was erased above', async () => {
    await start();
    await push(pair.core, create('op-1', 'x'), create('op-2', 'y'), create('op-3', 'z'));
    await push(pair.core, { opId: 'op-4', operation: 'delete', atomeId: 'y' });
    await pair.joined();
    pair.way.break({ kind: 'refuse' });
    for (const id of ['x', 'y']) expect((await pair.core.api.post(`/api/atome/${id}/erase`, {})).status).toBe(200);
    await push(pair.core, { opId: 'op-5', operation: 'delete', atomeId: 'z' });
    const follower = Reflect.get(pair.link, 'follower') as object;
    // nothing of what was followed counts any more
    Reflect.set(follower, 'cursor', undefined);
    pair.way.heal();
    await pair.joined();
    for (const id of ['x', 'y'])
      expect((await pair.edge.api.get(`/api/atome/${id}`)).body).toMatchObject({ redacted: true });
    expect((await pair.edge.api.get('/api/atome/z')).body).toEqual(expect.not.objectContaining({ redacted: true }));
  });

  it('goes on with what a server above tells that is older, and cannot say in a snapshot what was erased', async () => {
    await start();
    await push(pair.core, create('op-1', 'x'), create('op-2', 'y'), create('op-3', 'z'));
    await pair.joined();
    pair.way.break({ kind: 'refuse' });
    expect((await pair.core.api.post('/api/atome/x/erase', {})).status).toBe(200);
    await push(pair.core, { opId: 'op-4', operation: 'delete', atomeId: 'y' });
    Reflect.set(Reflect.get(pair.link, 'follower') as object, 'cursor', undefined);
    const call = Reflect.get(UpstreamCalls.prototype, 'call') as (...given: unknown[]) => Promise<Response>;
    // it refuses as it does any parameter that it does not know
    jest.spyOn(UpstreamCalls.prototype as unknown as { call: typeof call }, 'call').mockImplementation(function (
      this: UpstreamCalls,
      method,
      path,
      also,
    ) {
      return call.call(this, method, String(path).replace('erased=', 'unknown='), also);
    });
    pair.way.heal();
    await pair.joined();
    const [edge, core] = await pair.states();
    expect([...edge.keys()]).toEqual(['z']);
    expect(edge).toEqual(core);
    expect((await pair.edge.api.get('/api/atome/x')).body).toMatchObject({ redacted: true });
    expect((await pair.edge.api.get('/api/atome/y')).body).toEqual(expect.not.objectContaining({ redacted: true }));
  });

  it('keeps apart what two authors call alike', async () => {
    await start({ edge: WITH_TOKENS });
    const one = pair.edge.api.as(tokenOf('writer', { sub: 'one', tenant: 'default' }));
    const two = pair.edge.api.as(tokenOf('writer', { sub: 'two', tenant: 'default' }));
    await one.post('/api/sync/push', { operations: [create('op-1', 'x')] });
    await two.post('/api/sync/push', { operations: [create('op-1', 'y')] });
    await pair.joined();
    const [edge, core] = await pair.states();
    expect([...core.keys()].sort()).toEqual(['x', 'y']);
    expect(edge).toEqual(core);
  });

  it('comes together where many writes to one atome wait', async () => {
    await start();
    await push(pair.core, create('op-1', 'x'));
    await pair.joined();
    pair.way.break({ kind: 'refuse' });
    const many = Array.from({ length: 60 }, (_, at) => at);
    await push(pair.edge, ...many.map((at) => update(`edge-${at}`, 'x', { a: at, [`edge-${at}`]: true })));
    await push(pair.core, ...many.map((at) => update(`core-${at}`, 'x', { b: at, [`core-${at}`]: true })));
    const before = (await rowsOf(pair.edge)).length;
    pair.way.heal();
    await pair.joined();
    const [edge, core] = await pair.states();
    expect(core.get('x')).toMatchObject({ data: { a: 59, b: 59 } });
    expect(edge).toEqual(core);
    // the sixty of upstream came in few frames
    expect((await rowsOf(pair.edge)).length - before).toBeLessThan(60);
  });

  it('does not put all that waits on top of each event about a write of its own', async () => {
    await start();
    await push(pair.core, create('op-1', 'x'));
    await pair.joined();
    pair.way.break({ kind: 'refuse' });
    const many = Array.from({ length: 300 }, (_, at) => at);
    await push(pair.edge, ...many.map((at) => update(`edge-${at}`, 'x', { a: at })));
    const adopted = jest.spyOn(Adopter.prototype, 'event');
    pair.way.heal();
    await pair.joined();
    const [edge, core] = await pair.states();
    expect(core.get('x')).toMatchObject({ data: { a: 299 } });
    expect(edge).toEqual(core);
    expect(adopted.mock.calls.length).toBeLessThan(3);
  });

  it('asks nothing of single atomes where upstream begins anew', async () => {
    await start();
    const ids = Array.from({ length: 40 }, (_, at) => `x${at}`);
    await push(pair.core, ...ids.map((id, at) => create(`op-${at}`, id)));
    await pair.joined();
    pair.way.break({ kind: 'refuse' });
    await push(pair.core, ...ids.map((id) => ({ opId: `gone-${id}`, operation: 'delete', atomeId: id })));
    expect((await pair.core.api.post('/api/atome/x7/erase', {})).status).toBe(200);
    Reflect.set(Reflect.get(pair.link, 'follower') as object, 'cursor', undefined);
    const asked = jest.spyOn(UpstreamCalls.prototype, 'atomeAt');
    pair.way.heal();
    await pair.joined();
    expect(asked).not.toHaveBeenCalled();
    const [edge] = await pair.states();
    expect(edge.size).toBe(0);
    expect((await pair.edge.api.get('/api/atome/x7')).body).toMatchObject({ redacted: true });
  });

  it('sends up names, types and parents as they are here, whoever has written them', async () => {
    await start({ edge: WITH_TOKENS });
    const eve = pair.edge.api.as(tokenOf('writer', { sub: 'eve', tenant: 'default' }));
    pair.way.break({ kind: 'refuse' });
    const data = { name: 'First', a: 1 };
    await eve.post('/api/atome/create', { id: 'p', kind: 'folder', data });
    await eve.post('/api/atome/create', { id: 'x', kind: 'note', type: 'draft', parentId: 'p', data });
    await eve.patch('/api/atome/x', { a: 2 });
    await eve.post('/api/atome/x/rename', { newName: 'Second' });
    const renamed = [{ opId: 'op-9', operation: 'rename', atomeId: 'p', changes: { name: 'Above' } }];
    await eve.post('/api/sync/push', { operations: renamed });
    const edgeRows = await rowsOf(pair.edge);
    pair.way.heal();
    await pair.joined();
    const [edge, core] = await pair.states();
    expect(edge).toEqual(core);
    expect(core.get('x')).toMatchObject({ type: 'draft', parentId: 'p', data: { name: 'Second', a: 2 } });
    expect(core.get('p')).toMatchObject({ kind: 'folder', data: { name: 'Above' } });
    const names = (await rowsOf(pair.core)).map(({ opId }) => opId);
    const { epoch } = (await ledgerOf(pair.edge).write.head())!;
    expect(names).toEqual(edgeRows.map(({ seq }) => expect.stringMatching(`^edge:${epoch}:${seq}:[0-9a-f]{16}$`)));
    // another write at the same place, after a backup was brought back, is not taken for the one that was there
    const own = Object.assign(new OwnNames(new Outbox()), { epoch });
    const writes = edgeRows.map((row) => alterationBodyOf(row));
    expect(writes.map((write) => own.opIdOf(write))).toEqual(names);
    expect(own.opIdOf({ ...writes[3]!, hlc: `${writes[3]!.hlc}x` })).not.toBe(names[3]);
  });

  it('holds up the archiving of what was never decided, and tells admins alone why', async () => {
    pair = await EdgePair.start({ edge: WITH_TOKENS });
    pair.way.break({ kind: 'refuse' });
    await pair.until(() => pair.link.status().fault !== undefined);
    const as = (role: 'writer' | 'admin') => pair.edge.api.as(tokenOf(role, { sub: role, tenant: 'default' }));
    await as('writer').post('/api/sync/push', { operations: [create('op-1', 'x')] });
    const store = pair.edge.app.get<LedgerStore & Tables>(LEDGER_STORE, { strict: false });
    expect(await lastHolder(store, 'default')).toEqual({ name: 'the server above', seq: 0 });
    expect((await as('writer').get('/api/sync/edge')).body).not.toHaveProperty('fault');
    expect((await as('admin').get('/api/sync/edge')).body).toHaveProperty('fault');
  });

  it('is ready while the way is cut, and says that it is', async () => {
    await start();
    expect((await pair.edge.api.get('/health/ready')).body.details).toMatchObject({
      upstream: { state: 'live', lag: 0 },
    });
    pair.way.break({ kind: 'refuse' });
    await push(pair.edge, create('op-1', 'x'));
    const { status: code, body } = await pair.edge.api.get('/health/ready');
    expect(code).toBe(200);
    expect(body.details).toMatchObject({ upstream: { waiting: 1, degraded: expect.any(String) } });
    pair.way.heal();
    await pair.joined();
  });
});
