import { describe, expect, it } from '@jest/globals';
import { StoreError } from '../ledger/store-error.js';
import { Readiness } from './readiness.js';

const SECRET = 'password authentication failed for user "atome"';
const fault = { kind: 'test', code: 'unavailable', message: 'the database rests', remedy: 'wake it' } as const;

function setUp(deadlineMs = 60_000) {
  const asked: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  const told: unknown[] = [];
  const probe = (): Promise<void> => new Promise((resolve, reject) => asked.push({ resolve, reject }));
  return { asked, told, readiness: new Readiness({ probe }, (error) => told.push(error), deadlineMs) };
}

describe('Readiness', () => {
  it('asks the database once for all who ask at a time, and anew for the next', async () => {
    const { asked, readiness } = setUp();
    const answers = [readiness.ask(), readiness.ask(), readiness.ask()];
    asked[0]!.resolve();
    expect(await Promise.all(answers)).toEqual([undefined, undefined, undefined]);
    const next = readiness.ask();
    expect(asked).toHaveLength(2);
    asked[1]!.reject(new StoreError(fault, new Error(SECRET)));
    expect(await next).toBe('the database rests; try again');
  });

  it('answers in time when the database does not, also those who come while it is still asked', async () => {
    const { asked, readiness } = setUp(10);
    expect(await readiness.ask()).toContain('has not answered within 0.01 s');
    expect(await readiness.ask()).toContain('has not answered');
    expect(asked).toHaveLength(1);
    asked[0]!.resolve();
  });

  it('keeps the words of an unexpected error for the log', async () => {
    const { asked, told, readiness } = setUp();
    const answer = readiness.ask();
    asked[0]!.reject(new Error(SECRET));
    expect(await answer).not.toContain('password');
    expect(told).toEqual([new Error(SECRET)]);
  });

  it('tells what is amiss though requests are answered, the writes first', () => {
    const probe = (): Promise<void> => Promise.resolve();
    const degraded = (faults: object): unknown => new Readiness({ probe, ...faults }, () => undefined).degraded;
    expect(degraded({})).toBeUndefined();
    expect(degraded({ readFault: SECRET })).toContain('the primary does');
    expect(degraded({ readFault: SECRET, writeFault: 'the disk is full' })).toBe('the disk is full');
  });
});
