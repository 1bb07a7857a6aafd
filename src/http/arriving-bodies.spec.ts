import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ArrivingBodies } from './arriving-bodies.js';
import { ByteBudget } from './byte-budget.js';

describe('bodies that arrive', () => {
  const lines: string[] = [];
  let bodies: ArrivingBodies;
  beforeEach(() => {
    jest.useFakeTimers();
    lines.length = 0;
    bodies = new ArrivingBodies(new ByteBudget({ bytes: 100, bytesPerCaller: 60 }), {
      warn: (cause) => void lines.push(cause),
    });
    bodies.start();
  });
  afterEach(() => {
    bodies.stop();
    jest.useRealTimers();
  });

  const begin = (caller: string, limit = 1_000) => {
    const payload = new PassThrough();
    const whole = bodies.read(payload, limit, caller).then(
      (body) => body.toString(),
      (error: unknown) => {
        const { code, status } = error as { code: string; status: number };
        return `${code} ${status}`;
      },
    );
    return { payload, whole };
  };
  /** Lets what was written be read. */
  const settle = () => jest.advanceTimersByTimeAsync(0);

  it('are read whole, in however many parts they come', async () => {
    const { payload, whole } = begin('a');
    payload.write('one ');
    payload.end('two');
    expect(await whole).toBe('one two');
  });

  it('are taken without a listener where they came with their head, and let go of', async () => {
    const payload = Object.assign(new PassThrough(), { headers: { 'content-length': '3' } });
    const closed = new Promise((resolve) => payload.once('close', resolve));
    const listen = jest.spyOn(payload, 'on');
    const whole = bodies.read(payload, 3, 'a');
    payload.end('one');
    expect((await whole).toString()).toBe('one');
    expect(listen.mock.calls.map(([event]) => event)).not.toContain('data');
    await settle();
    await closed;
  });

  it('have at most as many bytes as their call takes', async () => {
    const { payload, whole } = begin('a', 5);
    payload.write('123456');
    expect(await whole).toBe('too_large 413');
  });

  it('of one caller are bounded in all', async () => {
    const [first, second, other] = [begin('a'), begin('a'), begin('b')];
    first.payload.write('x'.repeat(50));
    second.payload.write('x'.repeat(20));
    expect(await second.whole).toBe('unavailable 503');
    other.payload.end('x'.repeat(40));
    expect(await other.whole).toHaveLength(40);
    first.payload.end();
    expect(await first.whole).toHaveLength(50);
    expect(lines).toEqual(['bodies']);
  });

  it('of all callers are bounded in all, and give back what they have held', async () => {
    const some = [begin('a'), begin('b')];
    for (const { payload } of some) payload.write('x'.repeat(45));
    await settle();
    const late = begin('c');
    late.payload.write('x'.repeat(20));
    expect(await late.whole).toBe('unavailable 503');
    for (const { payload } of some) payload.end();
    for (const { whole } of some) expect(await whole).toHaveLength(45);
    const next = begin('c');
    next.payload.end('x'.repeat(50));
    expect(await next.whole).toHaveLength(50);
  });

  it('are cut where nothing comes for long', async () => {
    const { payload, whole } = begin('a');
    payload.write('x');
    await jest.advanceTimersByTimeAsync(9_000);
    payload.write('x');
    await jest.advanceTimersByTimeAsync(9_000);
    payload.write('x');
    await jest.advanceTimersByTimeAsync(11_000);
    expect(await whole).toBe('unavailable 408');
    expect(lines).toEqual(['late']);
  });

  it('are cut where they come drop by drop', async () => {
    const { payload, whole } = begin('a');
    for (let second = 0; second < 62; second += 1) {
      payload.write('x');
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect(await whole).toBe('unavailable 408');
  });

  it('that break off, or whose call is refused, hold nothing more', async () => {
    for (let each = 0; each < 10; each += 1) {
      const { payload, whole } = begin('a');
      payload.write('x'.repeat(50));
      await settle();
      payload.destroy(new Error('aborted'));
      expect(await whole).toBe('invalid 400');
    }
  });
});
