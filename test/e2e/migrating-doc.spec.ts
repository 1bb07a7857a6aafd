import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type * as sdk from '../../client/src/index.js';
import { runProgram } from '../support/clients/run-program.js';
import { httpExamples } from '../support/http-examples.js';
import { startApp, type TestApp } from '../support/server/app.js';

const EXAMPLES = httpExamples('migrating.md');
const TEXT = readFileSync(new URL('../../docs/migrating.md', import.meta.url), 'utf8');

describe('the examples of docs/migrating.md', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp();
  });
  afterAll(() => server.close());

  it('are there', () => expect(EXAMPLES.length).toBeGreaterThan(4));

  it.each(EXAMPLES)('$call', async ({ method, path, body, status, answer }) => {
    const type: Record<string, string> = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
    const said = await server.api.call(method, encodeURI(path), body, type);
    expect(said).toMatchObject({ status, body: answer });
  });

  it('write nothing twice where data is moved twice', async () => {
    const { body } = await server.api.get('/api/atome/order-41/history');
    expect(body.alterations).toHaveLength(1);
  });

  it('show what is there and what changes, in the place of messages', async () => {
    await server.api.create({ state: 'open' }, { kind: 'order', id: 'order-1' });
    const code = /^```js\nimport .*\n\n([\s\S]*?)^```/m.exec(TEXT)![1]!.replace('http://127.0.0.1:3001', server.url);
    const shown: sdk.Atome[][] = [];
    let changed: (atome: sdk.Atome) => void = () => undefined;
    const seen = new Promise<sdk.Atome>((resolve) => (changed = resolve));
    const given = { show: (orders: sdk.Atome[]) => shown.push(orders), showOne: changed };
    const { success, UnifiedSync } = await runProgram(code, given, 'success, UnifiedSync');
    expect([success, shown.flat().map(({ id }) => id)]).toEqual([true, expect.arrayContaining(['order-1'])]);
    await server.api.put('/api/atome/order-2', { data: { state: 'sent' } });
    expect(await seen).toMatchObject({ id: 'order-2', data: { state: 'sent' } });
    (UnifiedSync as typeof sdk.UnifiedSync).disconnectRealtime();
  });
});
