/* What the documentation of the original client's calls shows. */

const TIME = '2026-01-31T12:00:00.000Z';

export const PULLED = {
  success: true,
  atomes: [
    {
      id: 'note-1',
      kind: 'note',
      type: null,
      data: { title: 'My Note' },
      meta: {},
      parentId: null,
      ownerId: 'anonymous',
      version: 2,
      createdAt: TIME,
      updatedAt: TIME,
      deletedAt: null,
    },
    { id: 'note-2', deleted: true, deletedAt: TIME, updatedAt: TIME },
  ],
  seq: 4,
  hasMore: false,
  serverTime: TIME,
};

export const ACKNOWLEDGED = { success: true, acknowledged: 1 };
