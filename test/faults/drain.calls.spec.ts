import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { audit, DATABASES, type Audit, type Database } from '../support/databases/databases.js';
import { ServerProcess } from '../support/server/process.js';

/** So many calls are under way when the server is told to stop, each on a connection of its own. */
const CALLS = 1_000;

/** What a call asks: most write, the others read what is light and what is heavy. */
function callOf(n: number): readonly [method: string, path: string, body?: object] {
  if (n % 10 === 7) return ['GET', '/api/atome/list?search=call&limit=50'];
  if (n % 10 === 8) return ['GET', '/api/atome/first/history'];
  if (n % 10 === 9) return ['GET', '/api/sync/snapshot'];
  return ['POST', '/api/atome/create', { id: `a${n}`, kind: 'note', data: { text: `call ${n}` } }];
}

interface Answered {
  readonly n: number;
  readonly status: number;
  readonly code?: string;
}

describe.each(DATABASES)('a server on %s told to stop with a thousand calls under way', (_, create) => {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLS, maxFreeSockets: CALLS });
  let database: Database;
  let server: ServerProcess;
  let answers: Answered[];
  let code: number | null;
  let ledger: Audit;

  async function call(n: number, [method, path, body] = callOf(n)): Promise<Answered> {
    const headers = { ...(body && { 'content-type': 'application/json' }), 'idempotency-key': `op-${n}` };
    const sent = request(server.url + path, { agent, method, headers }).end(body && JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const answer = await text(response);
    const status = response.statusCode!;
    return { n, status, ...(status >= 400 && { code: (JSON.parse(answer) as { code: string }).code }) };
  }

  beforeAll(async () => {
    database = await create();
    server = await ServerProcess.start({ DATABASE_URL: database.url });
    await server.api.create({ text: 'the first' }, { id: 'first' });
    // each connection is there before
    await Promise.all(Array.from({ length: CALLS }, (_, n) => call(n, ['GET', '/health/live'])));
    const calls = Array.from({ length: CALLS }, (_, n) => call(n));
    await Promise.race(calls);
    const ended = server.kill('SIGTERM');
    answers = await Promise.all(calls);
    code = await ended;
    ledger = await audit(database.url);
  });
  afterAll(async () => {
    agent.destroy();
    await server.kill('SIGKILL');
    await database.drop();
  });

  it('ends with exit code 0, in time', () => {
    expect(code).toBe(0);
  });

  it('has answered each of them, or refused it with a code that says to come back', () => {
    const others = answers.filter(({ status, code }) => status >= 300 && (status !== 503 || code !== 'unavailable'));
    expect(others).toEqual([]);
    expect(answers).toHaveLength(CALLS);
  });

  it('has kept what it has acknowledged, and nothing else', () => {
    const created = answers.filter(({ n, status }) => status === 201 && callOf(n)[0] === 'POST');
    expect(created.length).toBeGreaterThan(0);
    const opIds = ledger.alterations.map(({ opId }) => opId).filter((opId) => opId !== null);
    expect(opIds.sort()).toEqual(created.map(({ n }) => `op-${n}`).sort());
    expect(ledger.result.fault).toBeUndefined();
  });
});
