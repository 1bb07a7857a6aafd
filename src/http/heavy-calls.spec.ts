import { EventEmitter } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { HeavyCalls } from './heavy-calls.js';

const requestOf = (id: string, tenant = 't') =>
  ({ identity: { principal: { id, tenant } }, raw: { socket: new EventEmitter() } }) as unknown as FastifyRequest;

class Answer extends EventEmitter {
  constructor(readonly closed = false) {
    super();
  }
}

describe('heavy calls', () => {
  const lines: string[] = [];
  let calls: HeavyCalls;
  const log = { warn: (cause: string) => void lines.push(cause) };
  beforeEach(() => {
    lines.length = 0;
    calls = new HeavyCalls({ total: 3, perPrincipal: 2 }, true, log);
  });

  const hold = (id: string, tenant?: string, raw = new Answer()): Answer => {
    calls.hold(requestOf(id, tenant), { raw } as unknown as FastifyReply);
    return raw;
  };

  it('of one principal are bounded: 429, and others go on', () => {
    hold('a');
    const second = hold('a');
    expect(() => hold('a')).toThrow(expect.objectContaining({ code: 'rate_limited', details: { retryAfter: 1_000 } }));
    hold('a', 'another tenant');
    second.emit('close');
    expect(() => hold('a')).not.toThrow();
    expect(lines).toEqual(['rate_limited']);
  });

  it('of all are bounded: 503', () => {
    const held = ['a', 'b', 'c'].map((id) => hold(id));
    expect(() => hold('d')).toThrow(expect.objectContaining({ code: 'unavailable' }));
    held[0]!.emit('close');
    expect(() => hold('d')).not.toThrow();
  });

  it('take no slot where the client has gone before', () => {
    for (let times = 0; times < 10; times += 1) hold('a', undefined, new Answer(true));
  });

  it('give their slot back when they have run, or failed', async () => {
    for (let times = 0; times < 10; times += 1) {
      expect(await calls.during(requestOf('a'), () => Promise.resolve(times))).toBe(times);
      const failed = calls.during(requestOf('a'), () => Promise.reject(new Error('no')));
      await expect(failed).rejects.toThrow('no');
    }
  });

  it('are bounded in all alone where everybody is the same principal', () => {
    calls = new HeavyCalls({ total: 3, perPrincipal: 1 }, false, log);
    for (let times = 0; times < 3; times += 1) hold('anonymous');
    expect(() => hold('anonymous')).toThrow(expect.objectContaining({ code: 'unavailable' }));
  });

  it('are as many as come where nothing bounds them', () => {
    calls = new HeavyCalls({ total: 0, perPrincipal: 0 }, true, log);
    for (let times = 0; times < 100; times += 1) hold('a');
  });
});
