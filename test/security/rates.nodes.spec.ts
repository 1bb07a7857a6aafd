import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NodeBus } from '../../src/bus/node-bus.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { startApp, type TestApp } from '../support/server/app.js';

const BURST = 20;

describe('a tenant that writes at two servers', () => {
  let database: TestDatabase;
  let servers: TestApp[];
  beforeEach(async () => {
    database = await createDatabase();
    const environment = {
      DATABASE_URL: database.url,
      TENANT_WRITES_PER_SECOND: '1',
      TENANT_WRITE_BURST: String(BURST),
    };
    servers = [await startApp(environment), await startApp(environment)];
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await database.drop();
  });

  it('has one rate at both together', async () => {
    const [here, there] = servers as [TestApp, TestApp];
    const heard = new Promise<void>((resolve) => {
      there.app.get(NodeBus, { strict: false }).state.onChange((_node, key, value) => {
        if (value !== null && key === 'writes default' && (value as [number])[0] >= BURST) resolve();
      });
    });
    const statuses = await Promise.all(
      Array.from(
        { length: 2 * BURST },
        async () => (await here.api.post('/api/atome/create', { kind: 'note', data: {} })).status,
      ),
    );
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThanOrEqual(BURST);
    await heard;
    const { status, body } = await there.api.post('/api/sync/push', {
      operations: Array.from({ length: BURST }, (_, n) => ({
        opId: `op-${n}`,
        operation: 'create',
        atomeId: `a-${n}`,
        kind: 'note',
        data: {},
      })),
    });
    expect(status).toBe(200);
    const types = (body.results as { type: string }[]).map(({ type }) => type);
    // with a rate of its own it would have taken all
    expect(types).toContain('nack');
  });
});
