import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const { remember } = createRequire(import.meta.url)('./surroundings.cjs') as { remember: () => () => void };

const page = globalThis as unknown as Record<string, unknown>;

describe('what a test file leaves', () => {
  let restore: () => void;
  beforeEach(() => {
    restore = remember();
  });
  afterEach(() => restore());

  it('is no global, neither a new one nor another value', () => {
    const { fetch, structuredClone } = globalThis;
    Object.assign(page, { location: new URL('https://app.example'), fetch: () => undefined });
    Object.defineProperty(page, 'document', { value: {}, configurable: true });
    Reflect.deleteProperty(page, 'structuredClone');
    restore();
    expect(['location' in page, 'document' in page]).toEqual([false, false]);
    expect([page.fetch, page.structuredClone]).toEqual([fetch, structuredClone]);
  });

  it('is what libraries keep there for all', () => {
    const had = page.typeormMetadataArgsStorage;
    page.typeormMetadataArgsStorage ??= {};
    const there = page.typeormMetadataArgsStorage;
    restore();
    expect(page.typeormMetadataArgsStorage).toBe(had ?? there);
    if (had === undefined) delete page.typeormMetadataArgsStorage;
  });

  it('is no variable of the environment, no working directory and no exit of its own', () => {
    const folder = process.cwd();
    const exit = Object.getOwnPropertyDescriptor(process, 'exit');
    process.chdir(tmpdir());
    process.env.LEFT_BY_A_TEST = '1';
    process.exit = (() => undefined) as never;
    restore();
    expect([process.cwd(), process.env.LEFT_BY_A_TEST]).toEqual([folder, undefined]);
    expect(Object.getOwnPropertyDescriptor(process, 'exit')).toEqual(exit);
  });

  it('is no listener of the process', () => {
    const heard: string[] = [];
    const counts = ['SIGUSR2', 'unhandledRejection'].map((name) => process.listenerCount(name));
    process.on('SIGUSR2', () => heard.push('signal')).once('unhandledRejection', () => heard.push('rejection'));
    restore();
    expect(['SIGUSR2', 'unhandledRejection'].map((name) => process.listenerCount(name))).toEqual(counts);
  });
});
