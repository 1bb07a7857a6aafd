import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { countTurns, work } from '../support/loop.js';
import { startApp, type TestApp } from '../support/server/app.js';

const CALLS = 6;
const TEXT = 'a'.repeat(100_000);
const OLD = '2001-01-01T00:00:00Z';

/** As the original client carries an atome from one server to another. */
interface Pushed {
  readonly id: string;
  readonly data: object;
  readonly updatedAt: string;
}

/** Turns that the loop has between two slices. */
const APART = 8;

describe.each(DATABASES)('what is large, on %s', (_name, create) => {
  let database: Database;
  let server: TestApp;
  const counted = countTurns();
  beforeAll(async () => {
    database = await create();
    server = await startApp({ DATABASE_URL: database.url });
    await server.api.create({ text: TEXT }, { id: 'large' });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    counted.stop();
    await server.close();
    await database.drop();
  });

  /** Turns of the loop between those calls of a function that are about something large, each of which takes its time. */
  function watch<Name extends string>(
    on: Record<Name, (text: string) => unknown>,
    name: Name,
    isLarge: (text: unknown) => boolean,
  ): number[] {
    const at: number[] = [];
    const original = on[name].bind(on) as (...args: unknown[]) => unknown;
    jest.spyOn(on as Record<string, (text: string) => unknown>, name).mockImplementation((...args: unknown[]) => {
      if (isLarge(args[0])) {
        at.push(counted.turns);
        work(11);
      }
      return original(...args);
    });
    return at;
  }

  const apart = (at: readonly number[]): number => Math.min(...at.slice(1).map((turns, n) => turns - at[n]!));

  it('is decoded when the loop has turned some times since it last was', async () => {
    const at = watch(JSON, 'parse', (text) => String(text).startsWith('{"kind":"large"'));
    const body = { kind: 'large', data: { text: TEXT } };
    const answers = await Promise.all(Array.from({ length: CALLS }, () => server.api.post('/api/atome/create', body)));
    expect(answers.map(({ status }) => status)).toEqual(Array(CALLS).fill(201));
    expect(at).toHaveLength(CALLS);
    expect(apart(at)).toBeGreaterThanOrEqual(APART);
  });

  it('is taken apart so for some of its fields', async () => {
    const at = watch(JSON, 'parse', (text) => String(text).startsWith('{"text":"a'));
    const path = '/api/atome/large?fields=data.text';
    const answers = await Promise.all(Array.from({ length: CALLS }, () => server.api.get(path)));
    expect(answers.map(({ status }) => status)).toEqual(Array(CALLS).fill(200));
    expect(at).toHaveLength(CALLS);
    expect(apart(at)).toBeGreaterThanOrEqual(APART);
  });

  it('is compared so with what the original client pushes, which may be old', async () => {
    const at = watch(
      JSON,
      'stringify',
      (value) => Array.isArray(value) && (value[1] as Pushed | undefined)?.updatedAt === OLD,
    );
    const atomes = Array.from({ length: CALLS }, (): Pushed => ({ id: 'large', data: { text: TEXT }, updatedAt: OLD }));
    const { status, body } = await server.api.post('/api/sync/push', { atomes });
    expect([status, body.synced]).toEqual([200, CALLS]);
    expect(at).toHaveLength(CALLS);
    expect(apart(at)).toBeGreaterThanOrEqual(APART);
  });

  it.each(['/api/atome/large', '/api/atome/list?limit=10'])('is sent so, too: %s', async (path) => {
    const at = watch(Buffer as never, 'from', (text) => typeof text === 'string' && text.length > TEXT.length);
    const answers = await Promise.all(Array.from({ length: CALLS }, () => server.api.get(path)));
    expect(answers.map(({ status }) => status)).toEqual(Array(CALLS).fill(200));
    expect(at).toHaveLength(CALLS);
    expect(apart(at)).toBeGreaterThanOrEqual(APART);
  });
});
