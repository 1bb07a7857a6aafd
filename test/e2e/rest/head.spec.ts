import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../../support/server/app.js';

const TIMES = 8;

describe('HEAD of what lasts', () => {
  let server: TestApp;
  beforeEach(async () => {
    // as many places as it would take, if it took any
    server = await startApp({ MAX_CONNECTIONS: '1' });
    await server.api.create({});
  });
  afterEach(() => server.close());

  it.each([
    ['/api/sync/changes', 'text/event-stream'],
    ['/api/sync/changes?since=0', 'text/event-stream'],
    ['/api/sync/changes?since=1&wait=60', '*/*'],
    ['/api/sync/changes?wait=60', 'application/json'],
    ['/api/sync/snapshot', '*/*'],
    ['/api/audit', 'application/x-ndjson'],
    ['/api/user-data/export', '*/*'],
  ])('%s (%s) answers at once and takes no place', async (path, accept) => {
    const answers = await Promise.all(
      Array.from({ length: TIMES }, () => fetch(server.url + path, { method: 'HEAD', headers: { accept } })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(TIMES).fill(200));
    const stream = await fetch(`${server.url}/api/sync/changes`, { headers: { accept: 'text/event-stream' } });
    expect(stream.status).toBe(200);
    await stream.body!.cancel();
  });
});
