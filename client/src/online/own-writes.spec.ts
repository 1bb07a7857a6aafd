import { describe, expect, it } from '@jest/globals';
import { OwnWrites } from './own-writes.js';

const deleted = (opId: string | null, sourceClient: string | null) =>
  ({ type: 'atome:deleted', atomeId: 'a', seq: 1, timestamp: '', opId, sourceClient }) as const;

describe('OwnWrites', () => {
  it('knows its writes by opId and by each of its connections', () => {
    const own = new OwnWrites();
    own.add('op-1', {});
    own.addClient('client-1');
    own.addClient('client-2');

    expect(own.takes(deleted('op-1', null))).toBe(true);
    expect(own.takes(deleted('op-9', 'client-1'))).toBe(true);
    expect(own.takes(deleted(null, 'client-2'))).toBe(true);
    expect(own.takes(deleted('op-9', 'client-9'))).toBe(false);
    expect(own.takes(deleted(null, null))).toBe(false);
    expect(own.takes({ type: 'atome:left', atomeId: 'a', seq: 1, reason: 'filter' })).toBe(false);
  });

  it('does not take the write of another to another atome for its own, though it has the same opId', () => {
    const own = new OwnWrites();
    own.add('op-1', { atomeId: 'b' });

    expect(own.takes(deleted('op-1', 'client-9'))).toBe(false);
    expect(own.takes({ ...deleted('op-1', null), atomeId: 'b' })).toBe(true);
  });

  it('gives back what was sent, once', () => {
    const own = new OwnWrites();
    own.add('op-1', { operation: 'update' });

    expect(own.take('op-1')).toEqual({ operation: 'update' });
    expect(own.take('op-1')).toBeUndefined();
  });

  it('forgets the oldest when there are too many', () => {
    const own = new OwnWrites();
    for (let i = 0; i <= 10_000; i += 1) own.add(`op-${i}`, {});

    expect(own.take('op-0')).toBeUndefined();
    expect(own.take('op-1')).toBeDefined();
  });
});
