/* What the documentation shows. One note runs through all of it: created under a fixed id, it is there for every call after. */

export const NOTE_ID = '0199f3a2-7c1e-7b3a-9d2e-3f6a1c9b8e01';
/** One that is pushed, and may be erased. */
export const PUSHED_ID = 'pushed-1';

const NOTE = {
  kind: 'note',
  type: 'memo',
  data: { title: 'My Note', content: 'Hello world' },
  meta: { tags: ['inbox'] },
  parentId: null,
};

const ATOME = {
  id: NOTE_ID,
  ...NOTE,
  ownerId: 'anonymous',
  version: 1,
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
  deletedAt: null,
};

const ALTERED = { ...ATOME, data: { ...NOTE.data, title: 'A better title' }, version: 2 };

const ALTERATION = {
  seq: 2,
  atomeId: NOTE_ID,
  version: 2,
  operation: 'update',
  changes: { title: 'A better title' },
  reason: 'spelling',
  author: 'anonymous',
  sourceClient: null,
  opId: null,
  hlc: '001769860800000-0000-3f6a1c9b',
  timestamp: '2026-01-31T12:00:00.000Z',
  superseded: [],
  prevHash: '5c2d…',
  hash: '9e107d…',
};

const AUDIT_ENTRY = {
  seq: 2,
  atomeId: NOTE_ID,
  version: 2,
  operation: 'update',
  reason: 'spelling',
  author: 'anonymous',
  sourceClient: null,
  opId: null,
  hlc: ALTERATION.hlc,
  timestamp: ALTERATION.timestamp,
  hash: '9e107d…',
  kind: 'note',
};

/** Bodies that can be sent as they stand. */
export const BODIES = {
  create: {
    'A note under an id of your own': { id: NOTE_ID, ...NOTE },
    'The least': { kind: 'note', data: { title: 'My Note' } },
  },
  alter: {
    update: { operation: 'update', changes: { title: 'A better title' }, reason: 'spelling' },
    patch: { operation: 'patch', changes: { content: null, stars: 5 } },
    'patch by steps': { operation: 'patch', changes: [{ op: 'add', path: '/list', value: ['first'] }] },
    rename: { operation: 'rename', changes: { name: 'Groceries' } },
    tag: { operation: 'tag', changes: { tags: ['inbox', 'urgent'] } },
  },
  replace: {
    'New data': { data: { title: 'Replaced' } },
    'New data and kind': { kind: 'task', data: { done: false } },
  },
  rename: { rename: { newName: 'Groceries', reason: 'clearer' } },
  delete: { 'With a reason': { reason: 'no longer needed' } },
  erase: { 'With a reason': { reason: 'asked for by the person it was about' } },
  // who wants more says so
  deleteAll: { 'Look first': { confirm: false } },
  restore: { 'The first version': { version: 1 } },
  share: {
    'With two people and a group': { access: { read: ['group:staff'], write: ['alice', 'bob'] }, reason: 'review' },
    'With everybody in the tenant': { access: 'tenant' },
  },
  batch: {
    'Create two': {
      operation: 'create',
      atomes: [
        { kind: 'note', data: { title: 'One' } },
        { kind: 'note', data: { title: 'Two' } },
      ],
    },
    'Alter by ids': { operation: 'update', ids: [NOTE_ID], changes: { done: true } },
    'Delete by a query': { operation: 'delete', kind: 'note', where: { 'data.stale': true }, limit: 100 },
  },
  letters: { 'One of them': { seq: 12 } },
  webhook: { 'Orders alone': { url: 'https://receiver.example/hook', kinds: ['order'] } },
  webhookChange: { Disable: { enabled: false } },
  replay: { 'Go back': { after: 0 } },
  push: {
    'Two writes': {
      operations: [
        { opId: 'op-1', operation: 'create', atomeId: PUSHED_ID, kind: 'note', data: { title: 'Pushed' } },
        { opId: 'op-2', operation: 'rename', atomeId: PUSHED_ID, changes: { name: 'Pushed note' } },
      ],
    },
  },
};

export const MERGE_PATCH_EXAMPLE = { title: 'Patched', content: null };
export const JSON_PATCH_EXAMPLE = [{ op: 'add', path: '/stars', value: 5 }];

const WRITTEN = { success: true, id: NOTE_ID, version: 2, seq: 2, atome: ALTERED, alteration: ALTERATION };
const CREATED = {
  type: 'atome:created',
  atome: ATOME,
  seq: 1,
  timestamp: ATOME.createdAt,
  sourceClient: null,
  opId: null,
};

export const WEBHOOK_ID = 'wh_5e0ae1a3-8d26-4e6a-b2cd-9a1d0f3c7e11';
const WEBHOOK = {
  id: WEBHOOK_ID,
  url: 'https://receiver.example/hook',
  kinds: ['order'],
  events: null,
  description: '',
  enabled: true,
  disabledReason: null,
  seq: 14,
  lag: 2,
  createdBy: 'alice',
  createdAt: ATOME.createdAt,
};

const REACHED = { at: 0, id: NOTE_ID, version: 2, seq: 2 };
const REACHED_ALL = { done: 1, refused: 0, more: false };

/** What is answered. */
export const ANSWERS = {
  created: { success: true, id: NOTE_ID, version: 1, seq: 1, atome: ATOME },
  batch: { success: true, ...REACHED_ALL, results: [REACHED] },
  batchLines: lines([{}, REACHED, REACHED_ALL, { count: 2, digest: 'e4d909…' }]),
  list: { success: true, data: [ATOME], total: 1, page: 1, pages: 1, nextCursor: null },
  atome: { success: true, atome: ATOME },
  written: WRITTEN,
  renamed: { ...WRITTEN, oldName: null, newName: 'Groceries' },
  deleted: { success: true, id: NOTE_ID, deletedAt: ATOME.updatedAt, version: 2, seq: 2, restorable: true },
  erased: { success: true, id: PUSHED_ID, erasedAt: ATOME.updatedAt, version: 3, seq: 3 },
  deletedAll: { success: true, erased: 12, complete: true },
  audit: { success: true, data: [AUDIT_ENTRY], nextCursor: null },
  consumers: {
    success: true,
    data: [{ name: 'billing', isRunning: true, seq: 14, lag: 2, attempts: 1, error: 'Error: …', deadLetters: 1 }],
  },
  edge: {
    success: true,
    state: 'live',
    upstream: { epoch: NOTE_ID, seq: 41, hash: '9e107d…', head: 41 },
    waiting: 2,
    safe: 17,
    refused: [
      {
        seq: 12,
        atomeId: NOTE_ID,
        opId: 'op-12',
        author: 'user-1',
        code: 'gone',
        message: `the atome "${NOTE_ID}" was deleted; restore it first`,
        refusedAt: ATOME.updatedAt,
      },
    ],
  },
  deadLetters: {
    success: true,
    data: [{ seq: 12, atomeId: NOTE_ID, attempts: 8, error: 'Error: …', failedAt: ATOME.updatedAt, isDue: false }],
    nextCursor: null,
  },
  count: { success: true, count: 1 },
  webhook: { success: true, data: WEBHOOK },
  webhookMade: { success: true, data: { ...WEBHOOK, secret: 'whsec_…' } },
  webhooks: { success: true, data: [WEBHOOK] },
  webhookSecret: { success: true, secret: 'whsec_…' },
  webhookTest: { success: true, data: { delivered: true, responseStatus: 200, error: null } },
  webhookDeliveries: {
    success: true,
    data: [
      {
        seq: 12,
        id: 'msg_9e107d…',
        event: 'atome:created',
        atomeId: NOTE_ID,
        status: 'failing',
        attempts: 2,
        responseStatus: 500,
        error: 'NotDelivered: …',
        attemptedAt: ATOME.updatedAt,
        nextAt: ATOME.updatedAt,
      },
    ],
  },
  auditLines: lines([{ epoch: NOTE_ID, seq: 2, hash: '9e107d…' }, AUDIT_ENTRY, { count: 1, digest: 'e4d909…' }]),
  export: lines([
    { principal: 'anonymous', tenant: 'default', epoch: NOTE_ID, seq: 2, hash: '9e107d…' },
    { type: 'atome', atome: ALTERED },
    { type: 'alteration', alteration: ALTERATION },
    { count: 2, digest: 'e4d909…' },
  ]),
  history: {
    success: true,
    id: NOTE_ID,
    currentVersion: 2,
    alterations: [ALTERATION],
    total: 2,
    page: 1,
    pages: 1,
    nextCursor: '2',
  },
  restored: {
    success: true,
    id: NOTE_ID,
    restoredToVersion: 1,
    newVersion: 3,
    data: NOTE.data,
    seq: 3,
    atome: { ...ATOME, version: 3 },
  },
  shared: {
    ...WRITTEN,
    atome: { ...ATOME, version: 2, access: { read: ['group:staff'], write: ['alice', 'bob'] } },
    alteration: {
      ...ALTERATION,
      operation: 'share',
      changes: { access: { read: ['group:staff'], write: ['alice', 'bob'] } },
      reason: 'review',
    },
  },
  changes: {
    success: true,
    epoch: NOTE_ID,
    from: 0,
    to: 1,
    hash: '9e107d…',
    head: 1,
    rights: '5d41402abc4b2a76',
    events: [CREATED],
  },
  eventStream: `id: 1\ndata: ${JSON.stringify(CREATED)}\n\nevent: sync:live\ndata: {"type":"sync:live","seq":1}\n\n`,
  snapshot: lines([
    { epoch: NOTE_ID, seq: 1, hash: '9e107d…', rights: '5d41402abc4b2a76' },
    ATOME,
    { count: 1, digest: 'e4d909…' },
  ]),
  schema: {
    success: true,
    version: '5d41402abc4b2a76',
    kindsOnly: false,
    kinds: {
      note: {
        schema: { type: 'object', required: ['title'], properties: { title: { type: 'string' } } },
        defaults: { status: 'open' },
        readonly: [],
        immutable: [],
        indexed: [],
      },
    },
  },
  pushed: {
    success: true,
    results: [
      { type: 'ack', opId: 'op-1', atomeId: PUSHED_ID, seq: 1, version: 1 },
      { type: 'ack', opId: 'op-2', atomeId: PUSHED_ID, seq: 2, version: 2 },
    ],
  },
};

function lines(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}
