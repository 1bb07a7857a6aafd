import { Controller, Inject, Injectable, Module, Scope, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AtomeModule, AtomeService, OnAtome, type Principal, type TenantEvent } from '../../../src/index.js';
import { Gate } from '../../support/gate.js';
import { timesTold } from '../../support/log-lines.js';

const BOB: Principal = { id: 'bob', tenant: 'beta', roles: ['writer'] };

let context: INestApplicationContext;
let lines: string[] = [];

/** An application whose modules provide these classes; what it warns of and fails with is noted. */
async function start(...modules: { providers?: object[]; controllers?: Type[] }[]): Promise<AtomeService> {
  lines = [];
  const note = (message: unknown): void => void lines.push(String(message));
  const atomes = AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', isGlobal: true });
  const imports = modules.map((parts) => {
    @Module(parts as object)
    class Part {}
    return Part;
  });
  @Module({ imports: [atomes, ...imports] })
  class Host {}
  const logger = { log: () => undefined, warn: note, error: note };
  context = await NestFactory.createApplicationContext(Host, { logger, abortOnError: false });
  return context.get(AtomeService, { strict: false });
}

const create = (atomes: AtomeService, id: string, ...by: [Principal?]): Promise<unknown> =>
  atomes.create({ id, kind: 'note', data: {} }, by.length > 0 ? { principal: by[0]! } : {});

describe('a handler of events', () => {
  afterEach(async () => {
    jest.useRealTimers();
    await context.close();
  });

  it('is told of one event after the other, in the order of seq, however long each takes', async () => {
    const gates = new Map(['a', 'b', 'c'].map((id) => [id, new Gate()]));
    const told: string[] = [];
    @Injectable()
    class Slow {
      @OnAtome('created')
      async hear({ seq, ...event }: TenantEvent): Promise<void> {
        const { id } = (event as { atome: { id: string } }).atome;
        told.push(`begins ${seq}`);
        await gates.get(id)!.pass();
        told.push(`ends ${seq}`);
      }
    }
    const atomes = await start({ providers: [Slow] });
    // the last may go on at once, the first only when all are committed
    gates.get('c')!.open();
    gates.get('b')!.open();
    for (const id of ['a', 'b', 'c']) await create(atomes, id);
    await gates.get('a')!.reached;
    gates.get('a')!.open();
    await context.close();
    expect(told).toEqual(['begins 1', 'ends 1', 'begins 2', 'ends 2', 'begins 3', 'ends 3']);
  });

  it('waits for no other handler, and hears of all tenants', async () => {
    const gate = new Gate();
    const three = new Gate();
    const told: string[] = [];
    @Injectable()
    class Both {
      @OnAtome('*')
      stuck(): Promise<void> {
        return gate.pass();
      }

      @OnAtome('*')
      quick({ tenant, seq }: TenantEvent): void {
        told.push(`${tenant} ${seq}`);
        if (told.length === 3) void three.pass();
      }
    }
    const atomes = await start({ providers: [Both] });
    await create(atomes, 'a');
    await create(atomes, 'b', BOB);
    await create(atomes, 'c');
    await three.reached;
    expect(told).toEqual(['default 1', 'beta 1', 'default 2']);
    gate.open();
  });

  it.each<[string, (seq: number) => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('that %s is told of the next event, and the log names it', async (_what, fail) => {
    const told: number[] = [];
    @Injectable()
    class Failing {
      @OnAtome('created')
      hear({ seq }: TenantEvent): unknown {
        told.push(seq);
        return seq === 1 ? fail(seq) : undefined;
      }
    }
    const atomes = await start({ providers: [Failing] });
    await create(atomes, 'a');
    await create(atomes, 'b');
    await context.close();
    expect(told).toEqual([1, 2]);
    expect(lines).toEqual([expect.stringContaining('Failing.hear failed on atome:created at seq 1 of "default"')]);
  });

  it('that is under way when the application ends may still read and write', async () => {
    const gate = new Gate();
    const came: unknown[] = [];
    @Injectable()
    class Derives {
      constructor(private readonly atomes: AtomeService) {}

      @OnAtome('created')
      async derive(event: TenantEvent): Promise<void> {
        const { id } = (event as { atome: { id: string } }).atome;
        if (id !== 'a') return;
        await gate.pass();
        came.push((await this.atomes.get('a')).version, await create(this.atomes, 'derived'));
      }

      @OnAtome('created')
      hear({ seq }: TenantEvent): void {
        came.push(`heard of ${seq}`);
      }
    }
    const atomes = await start({ providers: [Derives] });
    await create(atomes, 'a');
    await gate.reached;
    const closed = context.close();
    gate.open();
    await closed;
    expect(came).toEqual(['heard of 1', 1, expect.objectContaining({ version: 1 }), 'heard of 2']);
    expect(lines).toEqual([]);
  });

  it('that never ends does not keep the application from ending, and the log says what is lost', async () => {
    const stuck = new Gate();
    @Injectable()
    class Endless {
      @OnAtome('created')
      hear(): Promise<void> {
        return stuck.pass();
      }
    }
    const atomes = await start({ providers: [Endless] });
    await create(atomes, 'a');
    await create(atomes, 'b');
    await stuck.reached;
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    const closed = context.close();
    const isClosed = closed.then(() => true);
    while (!(await Promise.race([isClosed, new Promise((resolve) => setImmediate(resolve, false))]))) {
      jest.advanceTimersByTime(1_000);
    }
    expect(lines).toEqual([expect.stringContaining('Endless.hear is still under way at the end: 2 events are lost')]);
  });

  it('that falls far behind is named once an interval', async () => {
    const gate = new Gate();
    @Injectable()
    class Behind {
      @OnAtome('created')
      hear(): Promise<void> {
        return gate.pass();
      }
    }
    const atomes = await start({ providers: [Behind] });
    for (let i = 0; i < 1_010; i += 505) {
      await Promise.all(Array.from({ length: 505 }, (_, j) => create(atomes, `a${i + j}`)));
    }
    await new Promise(setImmediate);
    expect(lines[0]).toMatch(/^Behind\.hear is 1000 events behind: .* cursor$/);
    expect(timesTold(lines, /behind/)).toBe('once an interval');
    gate.open();
  });
});

describe('a class with handlers', () => {
  afterEach(() => context.close());
  const told: string[] = [];
  const tell = (line: string): void => void told.push(line);
  let made = 0;

  class Hears {
    private readonly me: number;

    constructor() {
      made += 1;
      this.me = made;
    }

    @OnAtome('created')
    hear({ seq }: TenantEvent): void {
      tell(`${this.me} hears ${seq}`);
    }
  }

  @Injectable({ scope: Scope.REQUEST })
  class PerRequest extends Hears {}

  @Injectable()
  class NeedsRequest extends Hears {
    constructor(@Inject(REQUEST) readonly request: TenantEvent) {
      super();
      tell(`made for ${request.seq} of ${request.tenant}`);
    }
  }

  @Injectable({ scope: Scope.TRANSIENT })
  class Transient extends Hears {}

  @Injectable()
  class Single extends Hears {}

  @Controller('hears')
  class Controls extends Hears {}

  @Controller({ path: 'hears', scope: Scope.REQUEST })
  class ControlsPerRequest extends Hears {}

  /** What is heard of two events. */
  async function heard(...modules: { providers?: object[]; controllers?: Type[] }[]): Promise<string[]> {
    told.length = 0;
    made = 0;
    const atomes = await start(...modules);
    await create(atomes, 'a');
    await create(atomes, 'b');
    await context.close();
    expect(lines).toEqual([]);
    return [...told];
  }

  it('that is one for all is that one', async () => {
    expect(await heard({ providers: [Single] })).toEqual(['1 hears 1', '1 hears 2']);
    expect(await heard({ controllers: [Controls] })).toEqual(['1 hears 1', '1 hears 2']);
  });

  it('that is made for each request is made for each event', async () => {
    expect(await heard({ providers: [PerRequest] })).toEqual(['1 hears 1', '2 hears 2']);
    expect(await heard({ controllers: [ControlsPerRequest] })).toEqual(['1 hears 1', '2 hears 2']);
  });

  it('that needs a request gets the event for it', async () => {
    const lists = await heard({ providers: [NeedsRequest] });
    expect(lists).toEqual(['made for 1 of default', '1 hears 1', 'made for 2 of default', '2 hears 2']);
  });

  it('that is made for whoever injects it has one of its own', async () => {
    const lists = await heard({ providers: [Transient] });
    expect(lists).toEqual(['1 hears 1', '1 hears 2']);
  });

  it('that is there under several names is told once', async () => {
    const alias = { provide: 'alias', useExisting: Single };
    expect(await heard({ providers: [Single, alias] })).toEqual(['1 hears 1', '1 hears 2']);
    const value = new Hears();
    const named = ['one', 'two'].map((provide) => ({ providers: [{ provide, useValue: value }] }));
    expect((await heard(...named)).length).toBe(2);
  });

  it('that two modules provide is told in each', async () => {
    expect(await heard({ providers: [PerRequest] }, { providers: [PerRequest] })).toHaveLength(4);
    expect(await heard({ providers: [Single] }, { providers: [Single] })).toHaveLength(4);
  });

  it('that a factory makes is that one, and a value without a class is none', async () => {
    const bare: unknown = Object.assign(Object.create(null), { hear: () => tell('bare') });
    const factory = { provide: 'made', useFactory: () => new Hears() };
    expect(await heard({ providers: [factory, { provide: 'bare', useValue: bare }] })).toEqual([
      '1 hears 1',
      '1 hears 2',
    ]);
  });
});
