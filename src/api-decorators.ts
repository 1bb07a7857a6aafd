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

function installed(): Decorators | undefined {
  try {
    return createRequire(import.meta.url)(NAME) as Decorators;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND' && message.includes(`'${NAME}'`)) return undefined;
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
} = installed() ?? describesNothing;
