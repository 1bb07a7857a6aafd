/* Answers as the documentation shows them. */

const CLIENT = {
  clientId: '28dc1253-5ed5-4b4a-b138-1c0c05cef13e',
  principal: { id: 'alice', roles: ['writer'] },
  connectedAt: '2026-12-01T08:00:00.000Z',
  form: 'range',
  filter: { kinds: ['note'] },
  cursor: 12,
  lag: 0,
  unsentBytes: 0,
  frames: 3,
};

export const CLIENTS = { success: true, data: [CLIENT], total: 1, nextCursor: null };

export const ENDED = { success: true };

export const EXPLAINED = {
  success: true,
  seq: 12,
  head: 12,
  principal: { id: 'alice', roles: ['writer'], isAssumed: false },
  entry: {
    atomeId: 'note-1',
    kind: 'note',
    author: 'bob',
    type: 'atome:altered',
    timestamp: '2026-12-01T08:00:05.000Z',
  },
  right: { visibility: 'shown', by: 'tenant' },
  why: 'They may read it: it is everybody’s in the tenant.',
  deliveries: [
    {
      client: CLIENT,
      state: 'sent',
      why: 'It was sent.',
      notIn: [],
      frame: { number: 3, from: 11, to: 12, sentAt: '2026-12-01T08:00:05.001Z', isAcknowledged: true },
      acknowledgedSeq: 12,
    },
  ],
  connections: 1,
  nextCursor: null,
};
