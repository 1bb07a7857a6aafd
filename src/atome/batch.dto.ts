import { ApiProperty, ApiPropertyOptional } from '../api-decorators.js';
import { NOTE_ID } from '../http/openapi-examples.js';
import { BATCH_OPERATIONS, MAX_BATCH } from '../protocol/index.js';

/** For Swagger alone: the parser of the protocol decides. */
export class BatchDto {
  @ApiProperty({ enum: [...BATCH_OPERATIONS], description: 'What is done with each.' })
  operation!: string;

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description: 'For `create`: bodies as of that call, at most 10,000.',
  })
  atomes?: object[];

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'As those of `alter`.' })
  changes?: object;

  @ApiPropertyOptional({ description: 'Kept in the history of each.' })
  reason?: string;

  @ApiPropertyOptional({ type: [String], description: 'These, at most 10,000.', example: [NOTE_ID] })
  ids?: string[];

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'In place of ids: those of which this is true.',
    example: { 'data.status': 'done' },
  })
  where?: object;

  @ApiPropertyOptional({ description: 'In place of ids, or with `where`: those of this kind.' })
  kind?: string;

  @ApiPropertyOptional({ description: 'Those of this type.' })
  type?: string;

  @ApiPropertyOptional({ type: String, nullable: true, description: 'Those under this atome; null: under none.' })
  parentId?: string | null;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_BATCH.atomes,
    default: MAX_BATCH.unsaid,
    description: 'Without ids: so many at most.',
  })
  limit?: number;
}
