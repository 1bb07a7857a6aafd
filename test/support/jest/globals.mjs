/* `@jest/globals`: what the file that is being run has of Jest. Modules stay, so that each call goes to the file of the moment. */
import { createRequire } from 'node:module';

const { current } = createRequire(import.meta.url)('./runtime.cjs');

const of = (name) =>
  new Proxy(() => undefined, {
    apply: (_target, self, args) => Reflect.apply(current[name], self, args),
    get: (_target, key) => current[name][key],
  });

export const [afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test] = [
  'afterAll',
  'afterEach',
  'beforeAll',
  'beforeEach',
  'describe',
  'expect',
  'it',
  'jest',
  'test',
].map(of);
