/** What a path of the server answers to what HTTP knows besides the call itself. */
export interface PathRow {
  /** An address of it. */
  readonly at: string;
  readonly methods: readonly string[];
  /** Another path of the table that the address fits as well, so that its methods are possible there. */
  readonly also?: string;
  /** Needs nobody: without a token it is not 401. */
  readonly isOpen?: true;
  /** Status of a GET that asks for nothing special; left out: 200. */
  readonly status?: number;
  /** Content types that GET is answered with, by `Accept`; `''` for one that names nothing that there is. */
  readonly types?: Readonly<Record<string, string>>;
  /** Queries of GET with the status that they have; HEAD has the same. */
  readonly queries?: Readonly<Record<string, number>>;
  /** Body of each method that takes one, and the status of the answer. */
  readonly writes?: Readonly<Record<string, readonly [body: object | undefined, status: number]>>;
  /** `Cache-Control` of a good answer to GET; left out: `no-store` for a call, and not looked at for a file. */
  readonly cache?: string | RegExp;
  /** GET is answered with an ETag, and with 304 to the same. */
  readonly hasTag?: true;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const NDJSON = 'application/x-ndjson; charset=utf-8';
const STREAM = 'text/event-stream; charset=utf-8';
const ANY = { '': JSON_TYPE, '*/*': JSON_TYPE, 'application/xml': JSON_TYPE };
const LINES = { '': NDJSON, 'application/json': NDJSON };
const PAGE = { isOpen: true, methods: ['GET', 'HEAD'], types: { '': 'text/html; charset=utf-8' } } as const;
const file = (type: string) => ({ isOpen: true, methods: ['GET', 'HEAD'], types: { '': type } }) as const;
const SCRIPT = file('application/javascript; charset=utf-8');
const GET = ['GET', 'HEAD'];
/** An identifier that is none, so that nobody is registered or locked out. */
const NOBODY = { identifier: '', password: 'not the password' };

/** The id of the atome of the table; it is made anew before each write. */
export const ID = 'table-1';

/** Every path of the server. A new one must be written down here. */
export const PATHS: Readonly<Record<string, PathRow>> = {
  '/api/atome/create': {
    at: '/api/atome/create',
    methods: ['POST'],
    also: '/api/atome/:id',
    writes: { POST: [{ kind: 'note', data: {} }, 201] },
  },
  '/api/atome/batch': {
    at: '/api/atome/batch',
    methods: ['POST'],
    also: '/api/atome/:id',
    writes: { POST: [{ operation: 'delete', ids: [] }, 200] },
  },
  '/api/atome/list': {
    at: '/api/atome/list',
    methods: GET,
    also: '/api/atome/:id',
    types: ANY,
    queries: { 'limit=1&sortBy=id': 200, 'limit=0': 400, 'colour=red': 400 },
  },
  '/api/atome/:id': {
    at: `/api/atome/${ID}`,
    methods: [...GET, 'PUT', 'PATCH', 'DELETE'],
    types: ANY,
    queries: { 'version=1': 200, 'version=9': 404, 'at=2026-02-30': 400 },
    cache: 'private, no-cache',
    hasTag: true,
    writes: { PUT: [{ data: {} }, 200], PATCH: [{ a: 2 }, 200], DELETE: [undefined, 200] },
  },
  '/api/atome/:id/alter': {
    at: `/api/atome/${ID}/alter`,
    methods: ['POST'],
    writes: { POST: [{ operation: 'update', changes: { a: 2 } }, 200] },
  },
  '/api/atome/:id/rename': {
    at: `/api/atome/${ID}/rename`,
    methods: ['POST'],
    writes: { POST: [{ newName: 'b' }, 200] },
  },
  '/api/atome/:id/erase': { at: `/api/atome/${ID}/erase`, methods: ['POST'], writes: { POST: [undefined, 200] } },
  '/api/atome/:id/history': {
    at: `/api/atome/${ID}/history`,
    methods: GET,
    types: ANY,
    queries: { 'limit=1': 200, 'limit=1e2': 400 },
  },
  '/api/atome/:id/restore': {
    at: `/api/atome/${ID}/restore`,
    methods: ['POST'],
    writes: { POST: [{ version: 1 }, 200] },
  },
  '/api/atome/:id/share': {
    at: `/api/atome/${ID}/share`,
    methods: ['POST'],
    writes: { POST: [{ access: 'private' }, 200] },
  },
  '/api/sync/changes': {
    at: '/api/sync/changes',
    methods: GET,
    types: { ...ANY, 'text/event-stream': STREAM, 'Text/*;q=0.5, application/json;q=0.1': STREAM },
    queries: { 'since=0&wait=60': 200, 'since=999999': 409, 'since=1&epoch=x': 400 },
  },
  '/api/sync/snapshot': {
    at: '/api/sync/snapshot',
    methods: GET,
    types: LINES,
    queries: { 'kinds=note': 200, 'kinds=,': 400 },
  },
  '/api/sync/push': { at: '/api/sync/push', methods: ['POST'], writes: { POST: [{ operations: [] }, 200] } },
  '/api/sync/edge': {
    at: '/api/sync/edge',
    methods: GET,
    status: 404,
    types: { '': 'application/problem+json; charset=utf-8' },
  },
  '/api/sync/pull': {
    at: '/api/sync/pull',
    methods: GET,
    types: ANY,
    queries: { 'since=2026-01-31T12:00:00Z': 200, 'since=2026-02-30': 400 },
  },
  '/api/atome/sync/pull': { at: '/api/atome/sync/pull', methods: GET, types: ANY },
  '/api/sync/ack': { at: '/api/sync/ack', methods: ['POST'], writes: { POST: [{ ids: [] }, 200] } },
  '/api/server-info': { at: '/api/server-info', methods: GET, isOpen: true, types: ANY },
  '/api/schema': { at: '/api/schema', methods: GET, types: ANY },
  '/api/audit': {
    at: '/api/audit',
    methods: GET,
    types: { ...ANY, 'application/x-ndjson': NDJSON, 'application/x-ndjson;q=0': JSON_TYPE },
    queries: { 'from=2026-01-31T12:00:00Z': 200, 'from=2026-01-31T12:00:00+01:00': 400, 'to=2026-02-30': 400 },
  },
  '/api/clients': {
    at: '/api/clients',
    methods: GET,
    types: ANY,
    queries: { 'limit=1': 200, 'limit=0': 400, 'limit=501': 400, 'cursor=1': 200 },
  },
  '/api/clients/:clientId': {
    at: '/api/clients/nobody',
    methods: ['DELETE'],
    writes: { DELETE: [undefined, 404] },
  },
  '/api/explain': {
    at: '/api/explain',
    methods: GET,
    status: 400,
    types: { '': 'application/problem+json; charset=utf-8' },
    queries: { 'seq=1': 200, 'seq=0': 400, 'seq=1&client=nobody': 404, 'seq=1&limit=501': 400 },
  },
  '/api/consumers': { at: '/api/consumers', methods: GET, types: ANY },
  '/api/consumers/:name/dead-letters': {
    at: '/api/consumers/nobody/dead-letters',
    methods: GET,
    status: 404,
    types: { '': 'application/problem+json; charset=utf-8' },
    queries: { 'limit=1': 404, 'limit=0': 400 },
  },
  '/api/consumers/:name/retry': {
    at: '/api/consumers/nobody/retry',
    methods: ['POST'],
    writes: { POST: [undefined, 404] },
  },
  '/api/consumers/:name/skip': {
    at: '/api/consumers/nobody/skip',
    methods: ['POST'],
    writes: { POST: [undefined, 404] },
  },
  '/api/webhooks': {
    at: '/api/webhooks',
    methods: [...GET, 'POST'],
    types: ANY,
    writes: { POST: [{ url: 'https://receiver.example/', enabled: false }, 201] },
  },
  '/api/webhooks/:id': {
    at: '/api/webhooks/nobody',
    methods: [...GET, 'PATCH', 'DELETE'],
    status: 404,
    types: { '': 'application/problem+json; charset=utf-8' },
    writes: { PATCH: [{ enabled: false }, 404], DELETE: [undefined, 404] },
  },
  '/api/webhooks/:id/rotate-secret': {
    at: '/api/webhooks/nobody/rotate-secret',
    methods: ['POST'],
    writes: { POST: [undefined, 404] },
  },
  '/api/webhooks/:id/test': { at: '/api/webhooks/nobody/test', methods: ['POST'], writes: { POST: [undefined, 404] } },
  '/api/webhooks/:id/deliveries': {
    at: '/api/webhooks/nobody/deliveries',
    methods: GET,
    status: 404,
    types: { '': 'application/problem+json; charset=utf-8' },
    queries: { 'limit=1&status=dead': 404, 'limit=0': 400, 'status=lost': 400 },
  },
  '/api/webhooks/:id/replay': {
    at: '/api/webhooks/nobody/replay',
    methods: ['POST'],
    writes: { POST: [{ after: 0 }, 404] },
  },
  '/api/user-data/export': {
    at: '/api/user-data/export',
    methods: GET,
    types: { '': NDJSON, 'application/json': JSON_TYPE, 'application/json;q=0': NDJSON },
    queries: { 'principal=somebody': 200, 'principal=': 400 },
  },
  '/api/user-data/delete-all': {
    at: '/api/user-data/delete-all',
    methods: ['DELETE'],
    writes: { DELETE: [{ confirm: false }, 200] },
  },
  '/api/auth/ticket': { at: '/api/auth/ticket', methods: ['POST'], writes: { POST: [undefined, 200] } },
  '/api/auth/register': {
    at: '/api/auth/register',
    methods: ['POST'],
    isOpen: true,
    writes: { POST: [NOBODY, 400] },
  },
  '/api/auth/login': { at: '/api/auth/login', methods: ['POST'], isOpen: true, writes: { POST: [NOBODY, 400] } },
  '/api/auth/refresh': {
    at: '/api/auth/refresh',
    methods: ['POST'],
    isOpen: true,
    writes: { POST: [{ refreshToken: '' }, 400] },
  },
  '/api/auth/logout': {
    at: '/api/auth/logout',
    methods: ['POST'],
    isOpen: true,
    writes: { POST: [{ refreshToken: 'x'.repeat(86) }, 200] },
  },
  '/api/auth/change-password': {
    at: '/api/auth/change-password',
    methods: ['POST'],
    writes: { POST: [{ currentPassword: 'not the password', newPassword: 'not the password' }, 403] },
  },
  '/api/auth/me': { at: '/api/auth/me', methods: GET, types: ANY },
  '/api/auth/delete-account': {
    at: '/api/auth/delete-account',
    methods: ['DELETE'],
    writes: { DELETE: [{ password: 'not the password' }, 403] },
  },
  '/health': { at: '/health', methods: GET, isOpen: true, types: ANY, cache: /no-store/ },
  '/health/live': { at: '/health/live', methods: GET, isOpen: true, types: ANY, cache: /no-store/ },
  '/health/ready': { at: '/health/ready', methods: GET, isOpen: true, types: ANY, cache: /no-store/ },
  '/ws/atome-sync': {
    at: '/ws/atome-sync',
    methods: GET,
    isOpen: true,
    status: 426,
    types: { '': 'application/problem+json; charset=utf-8' },
    cache: 'no-store',
  },
  '/api/openapi.json': { at: '/api/openapi.json', methods: GET, isOpen: true, types: ANY },
  '/api/asyncapi.json': { at: '/api/asyncapi.json', methods: GET, isOpen: true, types: ANY },
  '/api/docs…': { at: '/api/docs', ...file('text/html') },
  '/api/async-docs': { at: '/api/async-docs', ...PAGE, cache: 'no-cache' },
  '/api/async-docs/…': { at: '/api/async-docs/async-docs.js', ...SCRIPT, cache: 'no-cache' },
  '/': { at: '/', ...PAGE, cache: 'no-cache' },
  '/index.html': { at: '/index.html', ...PAGE, cache: 'no-cache' },
  '/console.js': { at: '/console.js', ...SCRIPT, cache: 'no-cache' },
  '/console.css': { at: '/console.css', ...file('text/css; charset=utf-8'), cache: 'no-cache' },
  '/client.js': { at: '/client.js', ...SCRIPT, cache: 'no-cache' },
  '/client.js.map': { at: '/client.js.map', ...file('application/json; charset=utf-8'), cache: 'no-cache' },
  '/examples/…': { at: '/examples/todo/', ...PAGE, cache: 'no-cache' },
};

/** The name in the table of a route as it was declared. */
export function rowOf(url: string): string {
  return url
    .replace(/^\/api\/docs.*/, '/api/docs…')
    .replace(/^\/api\/async-docs\/.*/, '/api/async-docs/…')
    .replace(/^\/examples\/.*/, '/examples/…');
}
