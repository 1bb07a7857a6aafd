import { EventEmitter } from 'node:events';
import { Injectable, Module, Scope, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import { AbstractWsAdapter } from '@nestjs/websockets';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AtomeModule, AtomeService, AtomeWsAdapter } from '../../../src/index.js';

/** As the adapter of Socket.IO: its server emits connections, and takes no upgrades of ours. */
class OtherAdapter extends AbstractWsAdapter {
  override create(): EventEmitter {
    return new EventEmitter();
  }

  override bindMessageHandlers(): void {
    throw new Error('nobody has come');
  }
}

/** As the adapter of Express, as far as the start gets with it. */
class OtherPlatform extends FastifyAdapter {
  override getType(): string {
    return 'express';
  }
}

let app: INestApplicationContext | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const atomes = (options: Parameters<typeof AtomeModule.forRoot>[0] = {}): DynamicModule =>
  AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', ...options });

function host(...imports: NonNullable<DynamicModule['imports']>): DynamicModule {
  @Module({ imports })
  class Host {}
  return { module: Host };
}

/** The start of an application, up to where it would listen. */
async function start(
  module: DynamicModule,
  setUp: (app: NestFastifyApplication) => unknown = (each) => each.useWebSocketAdapter(new AtomeWsAdapter(each)),
  platform = new FastifyAdapter(),
): Promise<void> {
  const made = await NestFactory.create<NestFastifyApplication>(module, platform, {
    logger: false,
    abortOnError: false,
  });
  app = made;
  setUp(made);
  await made.init();
}

describe('an application on another platform', () => {
  it.each([{}, { ws: false }, { rest: false, ws: false }])('is refused: %j', async (options) => {
    const refused = start(host(atomes(options)), () => undefined, new OtherPlatform());
    await expect(refused).rejects.toThrow(/AtomeModule runs on Fastify.*"express".*new FastifyAdapter\(\)/);
  });
});

describe('the adapter for WebSockets', () => {
  it('that is not there is asked for', async () => {
    const refused = start(host(atomes()), () => undefined);
    await expect(refused).rejects.toThrow(/no adapter.*useWebSocketAdapter\(new AtomeWsAdapter\(app\)\).*ws: false/);
  });

  it('of another library is refused', async () => {
    const refused = start(host(atomes()), (each) => each.useWebSocketAdapter(new OtherAdapter(each)));
    await expect(refused).rejects.toThrow(/library "ws".*useWebSocketAdapter\(new AtomeWsAdapter\(app\)\).*ws: false/);
  });

  it.each([
    ['of Nest', (each: NestFastifyApplication) => each.useWebSocketAdapter(new WsAdapter(each))],
    ['of the module', (each: NestFastifyApplication) => each.useWebSocketAdapter(new AtomeWsAdapter(each))],
  ])('%s is taken', async (_which, setUp) => {
    await expect(start(host(atomes()), setUp)).resolves.toBeUndefined();
  });

  it.each([
    ['another', (each: NestFastifyApplication) => each.useWebSocketAdapter(new OtherAdapter(each))],
    ['none', () => undefined],
  ])('may be %s where there is no WebSocket', async (_which, setUp) => {
    await expect(start(host(atomes({ ws: false })), setUp)).resolves.toBeUndefined();
  });
});

describe('the module in several places', () => {
  @Injectable()
  class Feature {
    constructor(readonly atomes: AtomeService) {}
  }

  it('is one instance where it is one', async () => {
    const one = atomes();
    @Module({ imports: [one], providers: [Feature] })
    class FeatureModule {}
    await start(host(one, FeatureModule));
    expect(app!.get(Feature, { strict: false }).atomes).toBe(app!.get(AtomeService, { strict: false }));
  });

  it.each([
    ['alike', () => [atomes(), atomes()]],
    ['not alike', () => [atomes(), atomes({ wsPath: '/other' })]],
    [
      'of a factory',
      () => [atomes(), AtomeModule.forRootAsync({ useFactory: () => ({ databaseUrl: 'sqlite::memory:' }) })],
    ],
    ['without doors', () => [atomes(), atomes({ rest: false, ws: false })]],
  ])('is refused where it is two, %s', async (_how, modules) => {
    await expect(start(host(...modules()))).rejects.toThrow(/forRoot is called more than once.*isGlobal/);
    const context = NestFactory.createApplicationContext(host(...modules()), { logger: false, abortOnError: false });
    await expect(context).rejects.toThrow('forRoot is called more than once');
  });
});

describe('what can be no part of the start', () => {
  @Injectable({ scope: Scope.REQUEST })
  class PerRequest {}
  @Module({ providers: [PerRequest], exports: [PerRequest] })
  class Scoped {}

  it('is named where options would be made for each request', async () => {
    const useFactory = () => ({ databaseUrl: 'sqlite::memory:' });
    const module = AtomeModule.forRootAsync({ imports: [Scoped], inject: [PerRequest], useFactory });
    await expect(start(host(module))).rejects.toThrow(/forRootAsync.*one for all/);
  });

  it('is named where the module is loaded later', async () => {
    await start(host(), () => undefined);
    await (app as NestFastifyApplication).listen(0, '127.0.0.1');
    const loaded = app!.get(LazyModuleLoader).load(() => atomes({ ws: false }));
    await expect(loaded).rejects.toThrow('import it at its start');
  });
});

describe('ids that the router of an application does not take', () => {
  async function warnings(
    adapter: FastifyAdapter,
    options: Parameters<typeof AtomeModule.forRoot>[0],
  ): Promise<string[]> {
    const lines: string[] = [];
    // the log is one: servers that have ended may sum up what they have said
    const note = (line: unknown): void => {
      if (!/\(\d+ more in/.test(String(line))) lines.push(String(line));
    };
    const made = await NestFactory.create<NestFastifyApplication>(host(atomes(options)), adapter, {
      logger: { log: () => undefined, warn: note, error: note },
    });
    app = made;
    made.useWebSocketAdapter(new AtomeWsAdapter(made));
    await made.init();
    return lines;
  }

  it('are warned of, with what to set', async () => {
    const lines = await warnings(new FastifyAdapter(), {});
    expect(lines).toEqual([
      expect.stringMatching(/more than 100 characters.*routerOptions: \{ maxParamLength: 128 \}/),
    ]);
  });

  it.each<[string, FastifyAdapter, Parameters<typeof AtomeModule.forRoot>[0]]>([
    ['it takes them', new FastifyAdapter({ routerOptions: { maxParamLength: 128 } }), {}],
    ['there are no routes', new FastifyAdapter(), { rest: false }],
  ])('are not worth a word where %s', async (_why, adapter, options) => {
    expect(await warnings(adapter, options)).toEqual([]);
  });
});
