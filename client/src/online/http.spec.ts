import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Http, type Call, type HttpPort } from './http.js';

interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly second: number;
}

type Answer = { status: number; body?: object | string; headers?: Record<string, string> } | 'refused' | 'silent';

const WRITE: Call = { method: 'POST', path: '/atome/create', body: { kind: 'note' }, opId: 'op-1' };
const READ: Call = { method: 'GET', path: '/atome/a' };
const OK: Answer = { status: 200, body: { success: true, id: 'a' } };

let requests: Request[];

/** A server that gives these answers one after the other, the last one for ever. */
function server(...answers: Answer[]): typeof globalThis.fetch {
  return (url, init) => {
    const { method, headers, body, signal } = init!;
    requests.push({
      url: url as string,
      method: method!,
      headers: headers as Record<string, string>,
      body: body === undefined ? undefined : JSON.parse(body as string),
      second: Date.now() / 1_000,
    });
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (answer === 'refused') return Promise.reject(new TypeError('fetch failed'));
    if (answer === 'silent') {
      return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(new Error('aborted'))));
    }
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
    return Promise.resolve(new Response(text, { status: answer.status, headers: answer.headers ?? {} }));
  };
}

function http(fetch: typeof globalThis.fetch, port: Partial<HttpPort> = {}): Http {
  const parts = {
    fetch,
    random: () => 1,
    requestMs: 10_000,
    repeat: { firstMs: 300, maxMs: 5_000, attempts: 4 },
  };
  return new Http(parts, {
    api: () => 'http://server/api',
    renewable: () => false,
    token: () => Promise.resolve(undefined),
    clientId: () => null,
    ...port,
  });
}

/** The answer, with as much time as it takes. */
async function eventually<T>(promise: Promise<T>): Promise<T> {
  await jest.advanceTimersByTimeAsync(200_000);
  return promise;
}

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
  requests = [];
});

afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('a call', () => {
  it('says who calls and which write it is', async () => {
    const token = (): Promise<string> => Promise.resolve('secret');
    const client = http(server(OK), { token, clientId: () => 'c1' });

    expect(await client.call({ ...WRITE, baseVersion: 3 })).toEqual({ success: true, id: 'a' });
    expect(requests).toEqual([
      {
        url: 'http://server/api/atome/create',
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          authorization: 'Bearer secret',
          'idempotency-key': 'op-1',
          'x-client-id': 'c1',
          'if-match': '"v3"',
        },
        body: { kind: 'note' },
        second: 0,
      },
    ]);
  });

  it('names what is asked for in the query', async () => {
    const query = { kind: 'a&b', page: 2, at: new Date(0), search: undefined, parentId: null, count: false };
    await http(server(OK)).call({ ...READ, query });
    expect(requests[0]!.url).toBe(
      'http://server/api/atome/a?kind=a%26b&page=2&at=1970-01-01T00%3A00%3A00.000Z&count=false',
    );
    expect(requests[0]!.headers).toEqual({ accept: 'application/json' });
  });

  it('gives the code, the sentence and the fields of a refusal', async () => {
    const errors = [{ path: 'kind', message: 'is required' }];
    const body = { code: 'invalid', error: 'kind is required', status: 400, title: 'Bad Request', errors };
    const result = await http(server({ status: 400, body })).call(WRITE);
    expect(result).toEqual({ ...body, success: false });
    expect(requests).toHaveLength(1);
  });

  it.each([
    [404, 'not_found'],
    [413, 'too_large'],
    [418, 'internal'],
  ])('finds the code for a bare %d', async (status, code) => {
    expect(await http(server({ status, body: 'nginx' })).call(READ)).toMatchObject({ success: false, code, status });
  });

  it('does not take another server for ours', async () => {
    const answer: Answer = { status: 200, body: '<!doctype html>' };
    expect(await http(server(answer)).call(READ)).toMatchObject({ success: false, code: 'internal' });
  });
});

describe('a lost answer', () => {
  it('repeats a write under the same name, later and later', async () => {
    const lost: Answer[] = ['refused', 'silent', { status: 503 }, { status: 502, body: 'bad gateway' }];
    const result = await eventually(http(server(...lost, OK)).call(WRITE));

    expect(result).toEqual({ success: true, id: 'a' });
    expect(requests.map(({ second }) => second)).toEqual([0, 0.3, 10.9, 12.1, 14.5]);
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key']))).toEqual(new Set(['op-1']));
  });

  it('says so in the end', async () => {
    expect(await eventually(http(server('refused')).call(WRITE))).toMatchObject({ success: false, code: 'offline' });
    expect(requests).toHaveLength(5);
    expect(await eventually(http(server('silent')).call(WRITE))).toMatchObject({ success: false, code: 'timeout' });
    const full: Answer = { status: 507, body: { code: 'storage_full', error: 'the disk is full' } };
    expect(await eventually(http(server(full)).call(WRITE))).toMatchObject({ code: 'storage_full', status: 507 });
  });

  it('is not waited for by a read', async () => {
    expect(await http(server('refused')).call(READ)).toMatchObject({ success: false, code: 'offline' });
    expect(requests).toHaveLength(1);
  });

  it('waits as long as the server asks, but not for ever', async () => {
    const busy = (seconds: number): Answer => ({ status: 429, headers: { 'retry-after': String(seconds) } });
    expect(await eventually(http(server(busy(2), OK)).call(WRITE))).toMatchObject({ success: true });
    expect(requests.map(({ second }) => second)).toEqual([0, 2.3]);

    expect(await http(server(busy(3_600))).call(WRITE)).toMatchObject({ success: false, code: 'rate_limited' });
  });
});

describe('a refused token', () => {
  const refused: Answer = { status: 401, body: { code: 'unauthenticated', error: 'the token has expired' } };

  it('is renewed once', async () => {
    const token = ({ renew }: { renew: boolean }): string => (renew ? 'new' : 'old');
    const port = { renewable: () => true, token: (renew: boolean) => Promise.resolve(token({ renew })) };

    expect(await http(server(refused, OK), port).call(READ)).toMatchObject({ success: true });
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    expect(await http(server(refused), port).call(READ)).toMatchObject({ success: false, code: 'unauthenticated' });
    expect(requests).toHaveLength(4);
  });

  it('is final when there can be no other', async () => {
    expect(await http(server(refused)).call(WRITE)).toMatchObject({
      code: 'unauthenticated',
      error: 'the token has expired',
    });
    expect(requests).toHaveLength(1);
  });

  it('that could not be had is told, and nothing is sent', async () => {
    const port = { token: () => Promise.reject(new Error('login is down')) };
    expect(await http(server(OK), port).call(WRITE)).toEqual({
      success: false,
      code: 'unauthenticated',
      error: 'no token: login is down',
    });
    expect(requests).toHaveLength(0);
  });
});
