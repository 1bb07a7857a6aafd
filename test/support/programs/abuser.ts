import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as elapse } from 'node:timers/promises';
import { WebSocket } from 'ws';

/*
 * One principal at their worst: `<url> <websocket> <token> <abuse> <seconds>` does one thing for so long, as often as the
 * server lets it, and says `refused <status or code>` for each kind of refusal and `died` when the server has gone.
 */
const [url, websocket, token, abuse, seconds] = process.argv.slice(2) as [string, string, string, string, string];
const ends = Date.now() + Number(seconds) * 1_000;
const authorization = token === '' ? undefined : `Bearer ${token}`;
const { hostname, port } = new URL(url);
const refusals = new Set<string>();
const open = new Set<{ destroy: () => void }>();

/**
 * Milliseconds before it asks again where a connection, or an answer, was refused: no event tells when it would not be. A
 * program that asks again at once takes the processor from the server that it is to keep busy.
 */
const [AFTER_NO_CONNECTION_MS, AFTER_NO_ANSWER_MS] = [20, 5];

let isOver = false;
setTimeout(() => {
  isOver = true;
  open.forEach((each) => each.destroy());
}, ends - Date.now());

function refuse(kind: string | number): void {
  if (refusals.has(String(kind))) return;
  refusals.add(String(kind));
  console.log(`refused ${kind}`);
}

/** Runs so many loops until the time is over; a loop that is refused a connection goes on. */
async function many(loops: number, once: (loop: number) => Promise<unknown>): Promise<void> {
  const loop = async (n: number): Promise<void> => {
    while (!isOver) await once(n).catch(() => elapse(AFTER_NO_CONNECTION_MS));
  };
  await Promise.all(Array.from({ length: loops }, (_, n) => loop(n)));
}

/** @returns the answer; nothing where it is a refusal. */
async function call(method: string, path: string, body?: unknown, more: object = {}): Promise<string> {
  const answer = await fetch(url + path, {
    method,
    signal: AbortSignal.timeout(Math.max(1, ends - Date.now())),
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...more,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.ok) return text;
  const code = /"code":"(\w+)"/.exec(text)?.[1] ?? 'none';
  refuse(`${answer.status} ${code}`);
  if (answer.status === 429 || answer.status === 503) await elapse(AFTER_NO_ANSWER_MS);
  return '';
}

/** A socket that says the messages of a function as fast as they are taken. */
async function flood(message: (n: number) => string): Promise<void> {
  await converse(websocket, async (ws) => {
    for (let n = 0; !isOver && ws.readyState === ws.OPEN; n += 1) {
      // what is taken at once is called back in the same turn, in which no time ends and nothing is read
      await new Promise((taken) => ws.send(message(n), () => setImmediate(taken)));
    }
  });
}

/** A socket, and what is done with it while it is open. */
async function converse(address: string, talk: (ws: WebSocket) => Promise<void>): Promise<void> {
  const ws = new WebSocket(address, {
    perMessageDeflate: false,
    headers: authorization === undefined || address !== websocket ? {} : { authorization },
  });
  const entry = { destroy: (): void => ws.terminate() };
  open.add(entry);
  ws.on('unexpected-response', (_request, { statusCode }) => {
    refuse(`handshake ${statusCode}`);
    ws.terminate();
  });
  ws.on('error', () => undefined);
  ws.on('close', (code) => refuse(`close ${code}`));
  ws.on('message', (data: Buffer) => {
    const head = data.toString('latin1', 0, 300);
    if (/"type":"(error|nack)"/.test(head)) refuse(/"code":"(\w+)"/.exec(head)?.[1] ?? 'none');
  });
  try {
    await once(ws, 'open');
    await talk(ws);
  } finally {
    open.delete(entry);
    ws.terminate();
  }
}

const get = (path: string, accept = '*/*'): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: ${authorization}\r\nAccept: ${accept}\r\n\r\n`;

/** A request whose answer is not read. */
async function neverRead(path: string): Promise<void> {
  await raw(get(path));
}

/** A request whose connection is closed when its answer begins, or as soon as it is sent. */
async function leave(request: string, isHeard: boolean): Promise<void> {
  const socket = connect(Number(port), hostname, () =>
    socket.write(request, () => !isHeard && setImmediate(() => socket.destroy())),
  );
  open.add(socket);
  socket.on('data', (data: Buffer) => {
    const [, status, code] = /^HTTP\/1.1 ([45]\d\d).*?(?:"code":"(\w+)"|$)/s.exec(data.toString()) ?? [];
    if (status !== undefined) refuse(`${status} ${code ?? 'none'}`);
    socket.destroy();
  });
  try {
    await once(socket, 'close');
  } finally {
    open.delete(socket);
  }
}

/** What a receiver of webhooks does that is no good. */
const ANSWERS: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  '/late': () => undefined,
  '/failing': (response) => response.writeHead(500).end(),
  '/at-once': (response) => response.writeHead(503, { 'retry-after': '0' }).end(),
  '/gone': (response) => response.writeHead(410).end(),
  '/cut': (response) => response.destroy(),
  '/endless': (response) => {
    const more = (): unknown => !response.destroyed && response.write('x'.repeat(60_000), () => setImmediate(more));
    more();
  },
};

/** Has its tenant's writes posted to receivers that are no good, and takes some of the webhooks away again. */
async function webhooks(): Promise<void> {
  const receiver = createServer(({ url: path = '' }, response) => void ANSWERS[path]?.(response));
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  const { port: at } = receiver.address() as AddressInfo;
  const paths = Object.keys(ANSWERS);
  await many(paths.length, async (n) => {
    const made = await call('POST', '/api/webhooks', { url: `http://127.0.0.1:${at}${paths[n]}` });
    await call('POST', '/api/atome/create', { kind: 'note', data: { n } });
    const [id] = /wh_[\w-]+/.exec(made) ?? [];
    if (id === undefined) return;
    await call('POST', `/api/webhooks/${id}/replay`, { after: 0 });
    if (random(2) === 0) await call('DELETE', `/api/webhooks/${id}`);
  });
}

async function raw(text: string): Promise<void> {
  const socket = connect(Number(port), hostname, () => socket.write(text));
  open.add(socket);
  socket.pause();
  try {
    await once(socket, 'close');
  } finally {
    open.delete(socket);
  }
}

/** Many comparisons, each of which finds nothing. */
const WIDE = encodeURIComponent(
  JSON.stringify({
    or: Array.from({ length: 40 }, (_, n) => ({ [`data.key-${n}`]: { contains: `${'a'.repeat(60)}${n}` } })),
  }),
);

let seed = 1;
const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;

const ABUSES: Readonly<Record<string, () => Promise<unknown>>> = {
  'subscribes to random ages': () =>
    many(20, () => flood(() => JSON.stringify({ type: 'subscribe', since: random(1_500), compact: true }))),
  'subscribes with new filters': () =>
    many(20, () => flood((n) => JSON.stringify({ type: 'subscribe', since: 0, filter: { ids: [`none-${n}`] } }))),
  'asks for changes it may not see': () => many(20, () => call('GET', '/api/sync/changes?since=0&ids=none')),
  'takes snapshots': () => many(20, () => call('GET', '/api/sync/snapshot')),
  'exports its data': () => many(20, () => call('GET', '/api/user-data/export')),
  'searches for what is nowhere': () =>
    many(20, () => call('GET', `/api/atome/list?limit=1&search=${'a'.repeat(199)}b`)),
  'counts and sorts': () => many(20, () => call('GET', '/api/atome/list?limit=500&sortBy=version&search=b')),
  'reads old versions': () => many(20, (n) => call('GET', `/api/atome/wide?version=${2 + ((n + random(20)) % 20)}`)),
  'asks for much at once': () => many(20, () => call('GET', `/api/atome/list?limit=500&where=${WIDE}`)),
  'opens and closes streams': () =>
    many(20, () => leave(get(`/api/sync/changes?since=${random(1_500)}`, 'text/event-stream'), true)),
  'waits and goes away': () =>
    many(20, () => leave(get('/api/sync/changes?wait=30&since=1500&ids=none'), random(2) === 0)),
  'asks for tickets': () =>
    many(20, async (n) => {
      const [, ticket] = /"ticket":"([^"]+)"/.exec(await call('POST', '/api/auth/ticket')) ?? [];
      if (ticket !== undefined && n % 2 === 0) await converse(`${websocket}?ticket=${ticket}`, () => Promise.resolve());
    }),
  'takes no answer': () => many(100, () => neverRead('/api/atome/list?limit=500')),
  'sends no body': () =>
    many(100, () =>
      raw(
        `POST /api/atome/create HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: ${authorization}\r\n` +
          `Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"kind":"${'n'.repeat(60_000)}`,
      ),
    ),
  'says nothing': () => many(300, () => raw('')),
  'tells where it is': () =>
    many(30, () => flood((n) => JSON.stringify({ type: 'presence', state: { n, padding: 'x'.repeat(3_000) } }))),
  pings: () => many(20, () => flood(() => '{"type":"ping"}')),
  'sends rubbish': () => many(20, () => flood((n) => `{"type":"subscribe","since":"${n}"`)),
  'shares with descendants': () =>
    many(4, () =>
      call('POST', '/api/sync/push', {
        operations: Array.from({ length: 20 }, (_, n) => ({
          opId: `share-${random(1e9)}-${n}`,
          atomeId: 'parent',
          operation: 'share',
          changes: { access: n % 2 === 0 ? 'private' : 'tenant' },
        })),
      }),
    ),
  'writes what changes nothing': () =>
    many(20, () => call('PUT', '/api/atome/large', { data: { text: 'a'.repeat(200_000) } })),
  'alters one of many keys': () =>
    many(5, () => {
      const run = random(1e9);
      const change = (n: number): object => ({ opId: `key-${run}-${n}`, atomeId: 'heavy', changes: { 'key-0': n } });
      return flood((n) => JSON.stringify({ type: 'mutate', operation: 'update', ...change(n) }));
    }),
  'gives each write another name': () =>
    many(20, () => call('PUT', '/api/atome/named', { data: {} }, { 'idempotency-key': randomUUID() })),
  'has webhooks that fail': webhooks,
  'erases again and again': () =>
    many(5, async () => {
      const id = `gone-${random(1e9)}`;
      await call('POST', '/api/atome/create', { id, kind: 'note', data: {} });
      await call('POST', `/api/atome/${id}/erase`);
    }),
};

await ABUSES[abuse]!();
process.exit(0);
