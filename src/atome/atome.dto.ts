import { ApiProperty, ApiPropertyOptional } from '../api-decorators.js';
import { IsIn, IsInt, IsObject, IsOptional, IsString, Matches, Max, Min, ValidateIf } from 'class-validator';
import { ParsedBy } from '../http/parsed-by.js';
import { NOTE_ID } from '../http/openapi-examples.js';
import {
  DEFAULT_LIMITS,
  NEW_ID_PATTERN,
  KIND_PATTERN,
  MAX_VERSION,
  parseAlterBody,
  parseDeleteBody,
  parseShareBody,
  KEY_OPERATIONS,
  type AskedAccess,
  type JsonObject,
  type KeyOperation,
} from '../protocol/index.js';

/*
 * The bodies of the writes, for Swagger and for the ValidationPipe of a host application. On these routes the
 * parser of the protocol decides, as on the WebSocket; a property test holds both to the same verdicts.
 */

export const ID = { message: 'must be 1–128 characters of A–Z a–z 0–9 _ . : -' };
export const KIND = { message: 'must be 1–64 characters of A–Z a–z 0–9 _ . : -' };
const ANY_OBJECT = { type: 'object', additionalProperties: true } as const;
const NO_CHANGE = { operation: 'update', changes: {} };
const ACCESS = {
  oneOf: [
    { type: 'string', enum: ['tenant', 'private', 'inherit'] },
    {
      type: 'object',
      required: ['read', 'write'],
      properties: {
        read: { type: 'array', items: { type: 'string' } },
        write: { type: 'array', items: { type: 'string' } },
      },
    },
  ],
  description:
    'Who may see and alter it: all of the tenant, its owner alone, as its parent has it, or lists of ids, `group:<name>` or `*`.',
  example: 'tenant',
};
const NOTE = { title: 'My Note', content: 'Hello world' };

/** Present, and null is allowed only where the property says so. */
const given =
  (name: string) =>
  (body: Record<string, unknown>): boolean =>
    body[name] !== undefined;
const givenNotNull =
  (name: string) =>
  (body: Record<string, unknown>): boolean =>
    body[name] != null;

export class CreateAtomeDto {
  @ApiPropertyOptional({ description: 'The atome’s id; the server makes one when it is left out.', example: NOTE_ID })
  @ValidateIf(given('id'))
  @Matches(NEW_ID_PATTERN, ID)
  id?: string;

  @ApiProperty({ description: 'What the atome is.', example: 'note' })
  @Matches(KIND_PATTERN, KIND)
  kind!: string;

  @ApiPropertyOptional({ type: String, nullable: true, description: 'A finer kind.', example: 'memo' })
  @ValidateIf(givenNotNull('type'))
  @Matches(KIND_PATTERN, KIND)
  type?: string | null;

  @ApiProperty({ ...ANY_OBJECT, description: 'Its content, any JSON object.', example: NOTE })
  @IsObject()
  data!: JsonObject;

  @ApiPropertyOptional({ ...ANY_OBJECT, description: 'What is known about it.', example: { tags: ['inbox'] } })
  @ValidateIf(given('meta'))
  @IsObject()
  meta?: JsonObject;

  @ApiPropertyOptional({ type: String, nullable: true, description: 'The atome it belongs to.', example: null })
  @ValidateIf(givenNotNull('parentId'))
  @Matches(NEW_ID_PATTERN, ID)
  parentId?: string | null;

  @ApiPropertyOptional({ ...ACCESS, description: `${ACCESS.description} Left out: as is usual for the kind.` })
  @ValidateIf(given('access'))
  @ParsedBy((access) => parseShareBody('id', { access }, {}, DEFAULT_LIMITS))
  access?: AskedAccess;
}

class ReasonDto {
  @ApiPropertyOptional({ description: 'Why; kept in the history.', maxLength: 1000, example: 'spelling' })
  @IsOptional()
  @ParsedBy((reason) => parseDeleteBody('id', { reason }, {}, DEFAULT_LIMITS))
  reason?: string;
}

export class AlterAtomeDto extends ReasonDto {
  @ApiProperty({ enum: [...KEY_OPERATIONS], example: 'update' })
  @IsIn(KEY_OPERATIONS)
  operation!: KeyOperation;

  @ApiProperty({
    oneOf: [ANY_OBJECT, { type: 'array', items: ANY_OBJECT }],
    description:
      'update: the top-level keys of data to set. patch: a JSON Merge Patch, or an array of JSON Patch steps. rename: {name}. tag: {tags}.',
    example: { title: 'A better title' },
  })
  @ParsedBy((changes, { operation }) => parseAlterBody('id', { operation, changes }, {}, DEFAULT_LIMITS))
  changes!: JsonObject;

  @ApiPropertyOptional({ description: 'With `timestamp`: names the write, so that its echo is known.' })
  @ValidateIf(given('deviceId'))
  @Matches(/^[\x21-\x7e]{1,100}$/)
  deviceId?: string;

  @ApiPropertyOptional({
    oneOf: [{ type: 'string' }, { type: 'number' }],
    description: 'The client’s time of the write.',
  })
  @IsOptional()
  @ParsedBy((timestamp) => parseAlterBody('id', { ...NO_CHANGE, timestamp }, {}, DEFAULT_LIMITS))
  timestamp?: string | number;
}

/** Something must be replaced: without these it is `data`. */
const OTHER_PARTS = ['kind', 'type', 'meta', 'parentId'];

export class ReplaceAtomeDto extends ReasonDto {
  @ApiPropertyOptional({ example: 'note' })
  @ValidateIf(given('kind'))
  @Matches(KIND_PATTERN, KIND)
  kind?: string;

  @ApiPropertyOptional({ type: String, nullable: true })
  @ValidateIf(givenNotNull('type'))
  @Matches(KIND_PATTERN, KIND)
  type?: string | null;

  @ApiPropertyOptional({ ...ANY_OBJECT, description: 'The new data, whole.', example: { title: 'Replaced' } })
  @ValidateIf(
    (body: Record<string, unknown>) => body.data !== undefined || !OTHER_PARTS.some((name) => given(name)(body)),
  )
  @IsObject()
  data?: JsonObject;

  @ApiPropertyOptional({ ...ANY_OBJECT, description: 'The new meta, whole.' })
  @ValidateIf(given('meta'))
  @IsObject()
  meta?: JsonObject;

  @ApiPropertyOptional({ type: String, nullable: true })
  @ValidateIf(givenNotNull('parentId'))
  @Matches(NEW_ID_PATTERN, ID)
  parentId?: string | null;
}

export class RenameAtomeDto extends ReasonDto {
  @ApiProperty({ description: 'Becomes data.name.', example: 'Groceries' })
  @IsString()
  newName!: string;
}

export class DeleteAtomeDto extends ReasonDto {}

export class ShareAtomeDto extends ReasonDto {
  @ApiProperty(ACCESS)
  @ParsedBy((access) => parseShareBody('id', { access }, {}, DEFAULT_LIMITS))
  access!: AskedAccess;
}

export class RestoreAtomeDto extends ReasonDto {
  @ApiProperty({ minimum: 1, description: 'The version to go back to.', example: 1 })
  @IsInt()
  @Min(1)
  @Max(MAX_VERSION)
  version!: number;
}
