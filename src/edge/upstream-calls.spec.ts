import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AlterationBody } from '../protocol/index.js';
import { Forwarder, type Decided } from './forwarder.js';
import { Outbox } from './outbox.js';
import { UpstreamCalls } from './upstream-calls.js';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

describe('calls to the server above', () => {
  let server: Server;
  let calls: UpstreamCalls;
  let answer: Answer;
  let asked: string[];
  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (piece: Buffer) => (body += piece.toString()));
      request.on('end', () => {
        asked.push(request.url!);
        answer(request, response, body);
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    calls = new UpstreamCalls(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`, () => 'token');
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const page: (status: number) => Answer = (status) => (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'text/html' }).end('<h1>nothing here</h1>');
  };
  const problem: (status: number, code: string) => Answer = (status, code) => (_request, response) => {
    response.writeHead(status).end(JSON.stringify({ code, detail: `it is ${code}` }));
  };

  it.each([403, 404, 410])('an erasure is not done by the %i of somebody on the way', async (status) => {
    answer = page(status);
    await expect(calls.erase('x')).rejects.toThrow('erasure of x');
  });

  it('an erasure is done where upstream knows of no such atome, and refused where it may not be', async () => {
    answer = problem(404, 'not_found');
    expect(await calls.erase('x')).toBeUndefined();
    answer = problem(410, 'gone');
    expect(await calls.erase('x')).toBeUndefined();
    answer = problem(403, 'forbidden');
    expect(await calls.erase('x')).toEqual({ code: 'forbidden', message: 'it is forbidden' });
  });

  it('an atome whose past is in an archive is not taken for none', async () => {
    answer = (_request, response) =>
      void response.writeHead(410).end(JSON.stringify({ code: 'gone', detail: 'archived', archivedTo: 7 }));
    await expect(calls.atomeAt('x', 5)).rejects.toThrow('GET of x: archived');
    answer = problem(410, 'gone');
    expect(await calls.atomeAt('x', 5)).toBe('none');
  });

  it('does not follow to elsewhere', async () => {
    answer = (_request, response) => void response.writeHead(307, { Location: '/elsewhere' }).end();
    await expect(calls.push([])).rejects.toThrow();
    expect(asked).toEqual(['/api/sync/push']);
  });

  it.each([
    ['1e9', 600_000],
    ['-5', 0],
    ['soon', 0],
    ['2', 2_000],
  ])('told to come back after %s it rests %i ms', async (after, retryAfterMs) => {
    answer = (_request, response) => void response.writeHead(503, { 'Retry-After': after }).end();
    await expect(calls.push([])).rejects.toMatchObject({ status: 503, retryAfterMs });
  });

  it('refuses the one write for which a push is refused as a whole', async () => {
    const outbox = new Outbox();
    for (let seq = 1; seq <= 5; seq += 1) outbox.add(writeOf(seq));
    answer = (request, response, body) => {
      const { operations } = JSON.parse(body) as { operations: { opId: string }[] };
      if (operations.some(({ opId }) => opId === 'op-3')) return problem(400, 'invalid')(request, response, body);
      response.end(JSON.stringify({ results: operations.map(({ opId }, at) => ({ type: 'ack', opId, seq: at + 1 })) }));
    };
    const over = new AbortController();
    const decided: Decided[] = [];
    const forwarder = new Forwarder({ outbox, calls, opIdOf: ({ opId }) => opId!, onFault: () => undefined });
    await forwarder.run((outcomes) => {
      decided.push(...outcomes);
      for (const { write } of outcomes) outbox.remove(write.seq);
      if (outbox.size === 0) over.abort();
      return Promise.resolve();
    }, over.signal);
    expect(decided.map((each) => ('refused' in each ? each.refused.code : each.write.seq))).toEqual([
      1,
      2,
      'invalid',
      4,
      5,
    ]);
  });

  it('sends again what another ledger has acknowledged', () => {
    const outbox = new Outbox();
    outbox.add(writeOf(1));
    outbox.acknowledge(1, 7);
    expect([...outbox.unsent()]).toEqual([]);
    outbox.forgetAcknowledged();
    expect([...outbox.unsent()]).toMatchObject([{ seq: 1 }]);
    expect(outbox.takeSettled(9)).toEqual([]);
  });
});

function writeOf(seq: number): AlterationBody {
  const common = { atomeId: `x-${seq}`, version: 1, reason: null, author: 'a', sourceClient: null, superseded: [] };
  const stamps = { hlc: '000001700000000000-0000-a', timestamp: '2026-01-01T00:00:00.000Z' };
  return { seq, opId: `op-${seq}`, operation: 'delete', changes: {}, ...common, ...stamps };
}
