import type { Atome } from '../../../src/protocol/index.js';
import { SyncError } from '../core/errors.js';
import { at, compare, type Order } from './query.js';

/** @throws SyncError `invalid` where a path is no text. */
export function orderOf(given: readonly string[]): Order {
  const paths = given.map((path) => {
    if (typeof path === 'string' && path.replace('-', '')) return path;
    throw new SyncError('invalid', `an order is of paths such as "data.title" or "-updatedAt", not ${typeof path}`);
  });
  const isDown = paths.at(-1)?.startsWith('-') ?? false;
  // where nothing decides, the ids do, the way of the last path
  const steps = [...paths, isDown ? '-id' : 'id'].map((path) => {
    const keys = path.replace(/^-/, '').split('.');
    return { keys, sign: path.startsWith('-') ? -1 : 1 };
  });
  const byAll = (a: Atome, b: Atome): number => {
    for (const { keys, sign } of steps) {
      const found = compare(at(a, keys), at(b, keys));
      if (found !== 0) return sign * found;
    }
    return 0;
  };
  return Object.assign(byAll, { toJSON: () => paths });
}
