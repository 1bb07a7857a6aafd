import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/environment.js';
import { ERRORS } from '../../src/protocol/index.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { freePort } from '../support/server/free-port.js';
import { ServerProcess } from '../support/server/process.js';
import { TestSocket } from '../support/clients/socket.js';

describe.each(DATABASES)('the metrics of a server on %s', (name, make) => {
  let database: Database;
  let server: ServerProcess;
  let url: string;
  beforeAll(async () => {
    database = await make();
    server = await ServerProcess.start({ DATABASE_URL: database.url, METRICS_PORT: '0' });
    url = /metrics (\S+)/.exec(server.output.join('\n'))![1]!;
  });
  afterAll(async () => {
    await server.kill('SIGTERM');
    await database.drop();
  });

  const metrics = async (): Promise<string> => (await fetch(url)).text();

  it('tell what happens, and name no tenant', async () => {
    const socket = await TestSocket.connect(server.wsUrl);
    await socket.next('welcome');
    const brief = await TestSocket.connect(server.wsUrl);
    brief.send({ type: 'subscribe', deltas: true });
    await brief.next('sync:live');
    const change = { operation: 'update', changes: { n: 1 } };
    const { id } = await server.api.create({ n: 0 });
    await server.api.post(`/api/atome/${String(id)}/alter`, change, { 'idempotency-key': 'op-1' });
    await server.api.post(`/api/atome/${String(id)}/alter`, change, { 'idempotency-key': 'op-1' });
    await server.api.post(`/api/atome/${String(id)}/alter`, change);
    expect((await server.api.get('/api/atome/nowhere')).status).toBe(404);
    await socket.next('atome:altered');
    await brief.next('events', ({ to }) => to === 2);
    const text = await metrics();
    for (const line of [
      'atome_sync_writes_total{outcome="applied"} 2',
      'atome_sync_writes_total{outcome="duplicate"} 1',
      'atome_sync_writes_total{outcome="noop"} 1',
      'atome_sync_events_total 2',
      'atome_sync_group_writes_count 4',
      'atome_sync_refusals_total{door="rest",code="not_found"} 1',
      'atome_sync_deliveries_total 4',
      'atome_sync_readers{form="plain"} 1',
      'atome_sync_readers{form="range"} 1',
      'atome_sync_reader_lag{form="plain"} 0',
      'atome_sync_connections{state="authenticated"} 2',
      'atome_sync_ledgers 1',
      'atome_sync_ledger_alterations 2',
      'atome_sync_database_up 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text.includes('atome_sync_pool_connections{pool="writes"')).toBe(name === 'PostgreSQL');
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(text).not.toContain('default');
    await Promise.all([socket, brief].map((each) => each.close()));
  });

  it('have what has not happened yet with 0: its first time is an increase', async () => {
    const lines = (await metrics()).split('\n');
    const codes = Object.keys(ERRORS).filter((code) => code !== 'not_found');
    for (const counter of [
      'writes_total{outcome="failed"}',
      ...['epoch', 'forked', 'future', 'compacted', 'access'].map((reason) => `resets_total{reason="${reason}"}`),
      ...['rest', 'socket'].flatMap((door) => codes.map((code) => `refusals_total{door="${door}",code="${code}"}`)),
    ]) {
      expect(lines).toContain(`atome_sync_${counter} 0`);
    }
  });

  it('count who comes with what another ledger has told them, whichever way they come', async () => {
    const socket = await TestSocket.connect(server.wsUrl);
    socket.send({ type: 'subscribe', since: 0, epoch: randomUUID() });
    await socket.next('sync:reset');
    await socket.close();
    expect((await server.api.get(`/api/sync/changes?since=0&epoch=${randomUUID()}`)).status).toBe(409);
    expect((await metrics()).split('\n')).toContain('atome_sync_resets_total{reason="epoch"} 2');
  });

  it('are at their own port alone, and nothing else is there', async () => {
    expect((await server.api.get('/metrics')).status).toBe(404);
    expect((await fetch(new URL('/api/atome/list', url))).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(404);
  });

  it('are all that the dashboard and the alerts ask for', async () => {
    const text = await metrics();
    const known = new Set(
      [...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, each, type]) =>
        type === 'histogram' ? [each!, `${each!}_bucket`, `${each!}_sum`, `${each!}_count`] : [each!],
      ),
    );
    for (const file of ['grafana-dashboard.json', 'alerts.yaml']) {
      const asked = readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');
      const names = [...asked.matchAll(/\b(?:atome_sync|nodejs|process)_[a-z0-9_]+/g)].map(([each]) => each);
      expect(names.length).toBeGreaterThan(3);
      expect(names.filter((each) => !known.has(each))).toEqual([]);
    }
  });
});

describe('METRICS_PORT', () => {
  it('may be that of the server only where nobody else can reach it', async () => {
    const port = String(await freePort());
    const server = await ServerProcess.start({ DATABASE_URL: 'sqlite::memory:', PORT: port, METRICS_PORT: port });
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('atome_sync_info{version="');
    const taken = await ServerProcess.fail({ DATABASE_URL: 'sqlite::memory:', METRICS_PORT: port });
    expect(taken).toEqual({ code: 1, output: expect.stringContaining('choose another with METRICS_PORT (EADDRINUSE') });
    await server.kill('SIGTERM');
    const open = { HOST: '0.0.0.0', AUTH: 'off-insecure', PORT: '3001', METRICS_PORT: '3001' };
    expect(() => readConfig(open)).toThrow('METRICS_PORT=3001: everybody who can reach HOST=0.0.0.0');
    expect(readConfig({ ...open, METRICS_PORT: '9090' }).metricsPort).toBe(9090);
    expect(readConfig({}).metricsPort).toBeUndefined();
  });
});
