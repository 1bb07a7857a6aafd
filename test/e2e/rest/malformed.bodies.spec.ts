import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JSON_PATCH, MERGE_PATCH } from '../../../src/protocol/index.js';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

const NOTE = { kind: 'note', data: {} };
const deep = (levels: number): string => `{"kind":"note","data":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}}`;
const SENTENCE = /^\S+(?: \S+){2,}/s;

type Sent = readonly [what: string, body: unknown, headers?: Record<string, string>];

/** Which call, what is sent, and what it is answered: status and code, for every row under it. */
const BODIES: readonly (readonly [
  method: string,
  path: string,
  status: number,
  code: string,
  rows: readonly Sent[],
])[] = [
  [
    'POST',
    '/api/atome/create',
    400,
    'invalid_json',
    [
      ['broken JSON', '{"kind":'],
      ['a single quote', "{'kind':'note'}"],
      ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
      ['half a character', Buffer.from('{"kind":"note","data":{"a":"é"}}').subarray(0, -5)],
    ],
  ],
  [
    'POST',
    '/api/atome/create',
    400,
    'invalid',
    [
      ['nothing', ''],
      ['null', 'null'],
      ['a list', '[]'],
      ['a text', '"note"'],
      ['a number', '7'],
      ['no kind', { data: {} }],
      ['no data', { kind: 'note' }],
      ['data that is a list', { kind: 'note', data: [] }],
      ['data that is null', { kind: 'note', data: null }],
      ['meta that is a text', { ...NOTE, meta: 'x' }],
      ['kind that is a number', { ...NOTE, kind: 1 }],
      ['a kind of 65 characters', { ...NOTE, kind: 'k'.repeat(65) }],
      ['an id of 129 characters', { ...NOTE, id: 'i'.repeat(129) }],
      ['an id with a slash', { ...NOTE, id: 'a/b' }],
      ['an id that is null', { ...NOTE, id: null }],
      ['a parent that is an object', { ...NOTE, parentId: {} }],
      ['an unknown field', { ...NOTE, version: 1 }],
      ['a prototype key', '{"kind":"note","data":{"a":{"__proto__":{"b":1}}}}'],
      ['a prototype key on top', '{"kind":"note","data":{},"__proto__":{"id":"x"}}'],
      ['the key constructor', '{"kind":"note","data":{"constructor":{"prototype":{}}}}'],
      ['a number without end', '{"kind":"note","data":{"a":1e999}}'],
      ['an Idempotency-Key of 201 characters', NOTE, { 'idempotency-key': 'k'.repeat(201) }],
      ['an Idempotency-Key with a space', NOTE, { 'idempotency-key': 'a b' }],
      ['an empty Idempotency-Key', NOTE, { 'idempotency-key': '' }],
      ['an X-Client-Id with a space', NOTE, { 'x-client-id': 'a b' }],
      ['an X-Client-Id of 129 characters', NOTE, { 'x-client-id': 'c'.repeat(129) }],
      ['an If-Match that is no tag', NOTE, { 'if-match': 'garbage' }],
    ],
  ],
  [
    'POST',
    '/api/atome/create',
    400,
    'too_complex',
    [
      ['33 levels', deep(33)],
      ['100,000 levels', deep(100_000)],
      ['too many values', { kind: 'note', data: { list: Array(10_001).fill(0) } }],
    ],
  ],
  [
    'POST',
    '/api/atome/create',
    413,
    'too_large',
    [['more than 1 MiB', { kind: 'note', data: { a: 'x'.repeat(1 << 20) } }]],
  ],
  [
    'POST',
    '/api/atome/create',
    415,
    'unsupported_media_type',
    [
      ['text', '{}', { 'content-type': 'text/plain' }],
      ['a form', 'kind=note', { 'content-type': 'application/x-www-form-urlencoded' }],
      ['XML', '<note/>', { 'content-type': 'application/xml' }],
      ['a content type that is none', '{}', { 'content-type': 'garbage' }],
    ],
  ],
  [
    'POST',
    '/api/atome/a1/alter',
    400,
    'invalid',
    [
      ['no operation', { changes: {} }],
      ['another operation', { operation: 'delete', changes: {} }],
      ['no changes', { operation: 'update' }],
      ['a list to update', { operation: 'update', changes: [] }],
      ['tags that are no list', { operation: 'tag', changes: { tags: 'a' } }],
      ['a name that is a number', { operation: 'rename', changes: { name: 1 } }],
      ['a step that is none', { operation: 'patch', changes: ['remove'] }],
      ['a step to a prototype', { operation: 'patch', changes: [{ op: 'add', path: '/__proto__/a', value: 1 }] }],
      ['a reason of 1,001 characters', { operation: 'update', changes: { a: 1 }, reason: 'r'.repeat(1_001) }],
      ['a reason with NUL', { operation: 'update', changes: { a: 1 }, reason: 'a\u0000' }],
      ['a device that is an object', { operation: 'update', changes: { a: 1 }, deviceId: {} }],
      ['a timestamp that is a list', { operation: 'update', changes: { a: 1 }, deviceId: 'd', timestamp: [] }],
      ['an If-Match that is no tag', { operation: 'update', changes: { a: 1 } }, { 'if-match': '3' }],
      ['a part of a body', { operation: 'update', changes: { a: 1 } }, { 'content-range': 'bytes 0-9/20' }],
      ['an If-None-Match that is no tag', { operation: 'update', changes: { a: 1 } }, { 'if-none-match': 'v3' }],
    ],
  ],
  [
    'POST',
    '/api/atome/a1/alter',
    409,
    'patch_failed',
    [
      ['a patch onto a missing path', { operation: 'patch', changes: [{ op: 'replace', path: '/x/y', value: 1 }] }],
      ['a test that fails', { operation: 'patch', changes: [{ op: 'test', path: '', value: 1 }] }],
    ],
  ],
  [
    'PATCH',
    '/api/atome/a1',
    409,
    'patch_failed',
    [
      ['a removal of nothing', [{ op: 'remove', path: '/nothing' }], { 'content-type': JSON_PATCH }],
      ['data made a list', [{ op: 'replace', path: '', value: [] }], { 'content-type': JSON_PATCH }],
    ],
  ],
  [
    'PATCH',
    '/api/atome/a1',
    400,
    'invalid',
    [
      ['steps as a merge patch', [], { 'content-type': MERGE_PATCH }],
      ['an object as steps', {}, { 'content-type': JSON_PATCH }],
      ['null', 'null', { 'content-type': MERGE_PATCH }],
      ['nothing', '', { 'content-type': MERGE_PATCH }],
      ['a prototype key', '{"__proto__":{"a":1}}', { 'content-type': MERGE_PATCH }],
    ],
  ],
  ['PATCH', '/api/atome/a1', 400, 'invalid_json', [['broken JSON', '[', { 'content-type': JSON_PATCH }]]],
  ['PATCH', '/api/atome/a1', 415, 'unsupported_media_type', [['text', '{}', { 'content-type': 'text/plain' }]]],
  [
    'PUT',
    '/api/atome/a1',
    400,
    'invalid',
    [
      ['nothing named', {}],
      ['data that is a number', { data: 1 }],
      ['a field that nobody knows beside data', { data: {}, title: 'x' }],
      ['rights', { access: 'private' }],
      ['nothing', ''],
    ],
  ],
  [
    'POST',
    '/api/atome/a1/rename',
    400,
    'invalid',
    [
      ['no name', {}],
      ['a name that is null', { newName: null }],
      ['nothing', ''],
    ],
  ],
  [
    'POST',
    '/api/atome/a1/restore',
    400,
    'invalid',
    [
      ['version 0', { version: 0 }],
      ['a text', { version: '1' }],
      ['a half', { version: 1.5 }],
      ['a version that no atome can have', { version: 2 ** 31 }],
      ['a number without end', '{"version":1e999}'],
      ['nothing', ''],
    ],
  ],
  ['POST', '/api/atome/a1/restore', 404, 'not_found', [['a version that is not there', { version: 2 ** 31 - 1 }]]],
  [
    'DELETE',
    '/api/atome/a1',
    400,
    'invalid',
    [
      ['a list', []],
      ['an unknown field', { force: true }],
      ['a reason that is a number', { reason: 7 }],
    ],
  ],
];

describe.each(DATABASES)('a malformed body, on %s,', (_database, create) => {
  let server: TestApp;
  let before: unknown;
  beforeAll(async () => {
    server = await startOn(create);
    await server.api.create({ title: 'safe' }, { id: 'a1' });
    before = (await server.api.get('/api/atome/list?includeDeleted=true')).body;
  });
  afterAll(async () => {
    try {
      expect((await server.api.get('/api/server-info')).body.seq).toBe(1);
      expect((await server.api.get('/api/atome/list?includeDeleted=true')).body).toEqual(before);
    } finally {
      await server.close();
    }
  });

  const bodies = BODIES.flatMap(([method, path, status, code, rows]) =>
    rows.map(([what, body, headers]) => ({ method, path, status, code, what, body, headers })),
  );
  it.each(bodies)(
    '$method $path with $what is a $status $code',
    async ({ method, path, status, code, body, headers }) => {
      const answer = await server.api.call(method, path, body, headers);
      expect(answer).toMatchObject({ status, body: { success: false, code, detail: expect.stringMatching(SENTENCE) } });
    },
  );
});
