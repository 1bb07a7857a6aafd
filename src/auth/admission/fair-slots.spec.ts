import { describe, expect, it, jest } from '@jest/globals';
import { FairSlots, type Asker, type SlotLimits } from './fair-slots.js';

const LIMITS: SlotLimits = {
  slots: { all: 4, tenant: 3, principal: 2 },
  waiting: { all: 40, tenant: 20, principal: 10 },
  patienceMs: 60_000,
};

/** What is done in slots: it goes on until it is told to end. */
class Work {
  /** Who is in a slot, and who was, in the order in which they got one. */
  readonly running: string[] = [];
  readonly order: string[] = [];
  private readonly ends = new Map<string, (() => void)[]>();

  begin(name: string): Promise<string> {
    this.running.push(name);
    this.order.push(name);
    return new Promise((resolve) => {
      const end = (): void => {
        this.running.splice(this.running.indexOf(name), 1);
        resolve(name);
      };
      this.ends.set(name, [...(this.ends.get(name) ?? []), end]);
    });
  }

  /** Ends one that runs under a name, and lets the next one begin. */
  async end(name: string): Promise<void> {
    this.ends.get(name)!.shift()!();
    await turns();
  }

  /** Ends all that runs, and all that begins meanwhile. */
  async endAll(): Promise<void> {
    for (let [first] = this.running; first !== undefined; [first] = this.running) await this.end(first);
  }
}

async function turns(): Promise<void> {
  for (let n = 0; n < 3; n += 1) await new Promise(setImmediate);
}

describe('fair slots', () => {
  /** @param name such as `t1 ann`: a tenant and a principal. */
  function ask(slots: FairSlots, work: Work, name: string, more: Partial<Asker> = {}): Promise<string> {
    const [tenant = '', principal] = name.split(' ');
    const asked = slots.use({ tenant, principal, ...more }, () => work.begin(name));
    asked.catch(() => undefined);
    return asked;
  }

  it('are bounded for a principal, for a tenant, and in all', async () => {
    const [slots, work] = [new FairSlots('reads', LIMITS), new Work()];
    for (let n = 0; n < 5; n += 1) void ask(slots, work, 't1 ann');
    await turns();
    expect(work.running).toEqual(['t1 ann', 't1 ann']);
    void ask(slots, work, 't1 bob');
    void ask(slots, work, 't1 bob');
    void ask(slots, work, 't2 eve');
    void ask(slots, work, 't3 joe');
    await turns();
    expect(work.running).toEqual(['t1 ann', 't1 ann', 't1 bob', 't2 eve']);
    await work.endAll();
    expect(work.order).toHaveLength(9);
    expect(slots.waiting).toBe(0);
  });

  it('go to tenants in turn, and to the principals of a tenant in turn', async () => {
    const [slots, work] = [
      new FairSlots('reads', { ...LIMITS, slots: { all: 1, tenant: 1, principal: 1 } }),
      new Work(),
    ];
    for (let n = 0; n < 4; n += 1) void ask(slots, work, 't1 ann');
    void ask(slots, work, 't1 bob');
    void ask(slots, work, 't1 bob');
    void ask(slots, work, 't2 eve');
    await turns();
    await work.endAll();
    expect(work.order).toEqual(['t1 ann', 't1 ann', 't2 eve', 't1 bob', 't1 ann', 't1 bob', 't1 ann']);
  });

  it('bound one who stands for everybody as its tenant', async () => {
    const [slots, work] = [new FairSlots('reads', LIMITS), new Work()];
    for (let n = 0; n < 5; n += 1) void ask(slots, work, 't1');
    await turns();
    expect(work.running).toHaveLength(3);
    await work.endAll();
  });

  it('are refused with 429 to a principal too many of whose reads wait, and to nobody else', async () => {
    const told: string[] = [];
    const [slots, work] = [new FairSlots('reads', LIMITS, (_cause, line) => told.push(line)), new Work()];
    for (let n = 0; n < 12; n += 1) void ask(slots, work, 't1 ann');
    await expect(ask(slots, work, 't1 ann')).rejects.toMatchObject({
      code: 'rate_limited',
      details: { retryAfter: 1_000 },
    });
    expect(told).toEqual(['429: as many of your reads wait as may']);
    void ask(slots, work, 't1 bob');
    await turns();
    expect(work.running).toContain('t1 bob');
    await work.endAll();
    expect(work.order).toHaveLength(13);
  });

  it('are refused with 503 where too many of a tenant, or in all, wait', async () => {
    const [slots, work] = [new FairSlots('reads', LIMITS), new Work()];
    const askMany = (tenant: string): void => {
      for (let n = 0; n < 23; n += 1) void ask(slots, work, `${tenant} p${n}`);
    };
    askMany('t1');
    await expect(ask(slots, work, 't1 late')).rejects.toMatchObject({ code: 'unavailable' });
    askMany('t2');
    await expect(ask(slots, work, 't3 late')).rejects.toMatchObject({ code: 'unavailable' });
    await work.endAll();
    expect(slots.waiting).toBe(0);
    expect(await Promise.race([ask(slots, work, 't3 ann'), work.end('t3 ann').then(() => 'ended')])).toBeDefined();
  });

  it('are refused to whom waits for too long, unless they are patient', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const [slots, work] = [new FairSlots('reads', { ...LIMITS, patienceMs: 5_000 }), new Work()];
      const asked = [1, 2, 3].map(() => ask(slots, work, 't1 ann'));
      const patient = ask(slots, work, 't1 ann', { isPatient: true });
      jest.advanceTimersByTime(5_000);
      await expect(asked[2]).rejects.toMatchObject({ code: 'unavailable', details: { retryAfter: 1_000 } });
      await work.endAll();
      expect(await Promise.all([asked[0], asked[1], patient])).toHaveLength(3);
      expect(work.order).toHaveLength(3);
    } finally {
      jest.useRealTimers();
    }
  });

  it('let one who goes away give its place back', async () => {
    const [slots, work] = [new FairSlots('reads', LIMITS), new Work()];
    for (let n = 0; n < 2; n += 1) void ask(slots, work, 't1 ann');
    const leaves: (() => void)[] = [];
    const onGone = (gone: () => void): void => void leaves.push(gone);
    const waiting = Array.from({ length: 10 }, () => ask(slots, work, 't1 ann', { onGone }));
    await expect(ask(slots, work, 't1 ann')).rejects.toMatchObject({ code: 'rate_limited' });
    leaves.forEach((leave) => leave());
    expect((await Promise.allSettled(waiting)).every(({ status }) => status === 'rejected')).toBe(true);
    expect(slots.waiting).toBe(0);
    const last = ask(slots, work, 't1 ann');
    await work.endAll();
    expect(await last).toBe('t1 ann');
    expect(work.order).toHaveLength(3);
  });

  it('do not ask whether one goes away who need not wait', async () => {
    const [slots, work] = [new FairSlots('reads', LIMITS), new Work()];
    const onGone = jest.fn();
    void ask(slots, work, 't1 ann', { onGone });
    await work.endAll();
    expect(onGone).not.toHaveBeenCalled();
  });

  it('let the loop turn between what is answered at once', async () => {
    let [turned, isOver] = [0, false];
    const count = (): void => {
      turned += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const slots = new FairSlots('reads', { ...LIMITS, waiting: { all: 100, tenant: 100, principal: 100 } });
    const reads = Array.from({ length: 40 }, () =>
      slots.use({ tenant: 't', principal: 'ann' }, () => Promise.resolve()),
    );
    await Promise.all(reads);
    isOver = true;
    expect(turned).toBeGreaterThanOrEqual(18);
  });

  it('are given back by what fails', async () => {
    const slots = new FairSlots('reads', LIMITS);
    const fail = (): Promise<never> => Promise.reject(new Error('no database'));
    const failing = Array.from({ length: 10 }, () => slots.use({ tenant: 't', principal: 'ann' }, fail));
    expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(Array(10).fill('rejected'));
    expect(await slots.use({ tenant: 't', principal: 'ann' }, () => Promise.resolve('read'))).toBe('read');
  });

  it('forget who has none and waits for none', async () => {
    const slots = new FairSlots('reads', LIMITS);
    for (let n = 0; n < 100; n += 1) await slots.use({ tenant: `t${n}`, principal: 'ann' }, () => Promise.resolve());
    expect((slots as unknown as { root: { lanes: Map<string, unknown> } }).root.lanes.size).toBe(0);
  });
});
