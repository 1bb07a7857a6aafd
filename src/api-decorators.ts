import { createRequire } from 'node:module';
import type * as Swagger from '@nestjs/swagger';

/*
 * The decorators of Swagger that describe routes and bodies. Swagger is an optional peer: an application that does not
 * have it gets the same routes without a description.
 */

const NAME = '@nestjs/swagger';
type Decorators = Pick<
  typeof Swagger,
  | 'ApiBody'
  | 'ApiExtension'
  | 'ApiExtraModels'
  | 'ApiHeader'
  | 'ApiOperation'
  | 'ApiParam'
  | 'ApiProperty'
  | 'ApiPropertyOptional'
  | 'ApiQuery'
  | 'ApiResponse'
  | 'ApiSchema'
  | 'ApiTags'
>;

/** @returns undefined where they cannot be had: then nothing is described. */
export function loaded(require: (name: string) => unknown): Decorators | undefined {
  try {
    return require(NAME) as Decorators;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // what runs an application's tests may not load modules this way, as Jest does not before Node 24.9
    if (code === 'ERR_REQUIRE_ESM' || (code === 'MODULE_NOT_FOUND' && message.includes(`'${NAME}'`))) return undefined;
    throw error;
  }
}

const describesNothing = new Proxy({} as Decorators, { get: () => () => () => undefined });

export const {
  ApiBody,
  ApiExtension,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiProperty,
  ApiPropertyOptional,
  ApiQuery,
  ApiResponse,
  ApiSchema,
  ApiTags,
} = loaded(createRequire(import.meta.url)) ?? describesNothing;
