import { AtomeError, type BeforeWrite, type JsonValue, type Kinds } from '@atome-sync/server';

/** What the shop sells, and for how much. */
export const PRICES: Readonly<Record<string, number>> = { tea: 4, coffee: 6 };

/** Nothing where there is no such article, or no such count: the schema refuses it, after the hook. */
const totalOf = (article: unknown, count: unknown): { total?: number } => {
  const price = PRICES[String(article)];
  return price !== undefined && typeof count === 'number' ? { total: price * count } : {};
};

/** The shop says what an order comes to, whoever writes it and by whichever door; and one that has been shipped stays as it is. */
const beforeWrite: BeforeWrite = ({ operation, changes }, { atome }) => {
  if (atome?.data.state === 'shipped') throw new AtomeError('conflict', 'this order has been shipped');
  if (operation === 'create' && 'data' in changes) {
    const data = changes.data as Record<string, JsonValue>;
    return { changes: { ...changes, data: { ...data, ...totalOf(data.article, data.count) } } };
  }
  if (operation !== 'update' || !('count' in changes)) return undefined;
  return { changes: { ...changes, ...totalOf(atome?.data.article, changes.count) } };
};

export const kinds: Kinds = {
  order: {
    schema: {
      type: 'object',
      required: ['article', 'count'],
      properties: {
        article: { enum: Object.keys(PRICES) },
        count: { type: 'integer', minimum: 1 },
        state: { enum: ['placed', 'shipped'] },
      },
    },
    defaults: { state: 'placed' },
    readonly: ['total'],
    immutable: ['article'],
    beforeWrite,
  },
};
