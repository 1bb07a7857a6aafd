import { expect, it } from '@jest/globals';
import { createRequire } from 'node:module';
import { loaded } from './api-decorators.js';

const failing = (code: string, message: string) => () => {
  throw Object.assign(new Error(message), { code });
};

it('are those of Swagger, or describe nothing where that is not installed, or may not be loaded', () => {
  expect(loaded(createRequire(import.meta.url))).toHaveProperty('ApiTags');
  expect(loaded(failing('MODULE_NOT_FOUND', "Cannot find module '@nestjs/swagger'"))).toBeUndefined();
  expect(loaded(failing('ERR_REQUIRE_ESM', 'Must use import to load ES Module'))).toBeUndefined();
});

it('tell what else is missing', () => {
  const broken = failing('MODULE_NOT_FOUND', "Cannot find module 'lodash'");
  expect(() => loaded(broken)).toThrow('lodash');
});
