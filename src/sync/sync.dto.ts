import { ApiExtraModels, ApiProperty, ApiPropertyOptional } from '../api-decorators.js';
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { modelsOf, refTo } from '../http/schema-models.js';
import { CommaList, WholeNumber } from '../http/validation.js';
import { WHERE } from '../http/where-query.js';
import { DEFAULT_LIMITS, ID_PATTERN, KIND_PATTERN } from '../protocol/index.js';

const FLAGS = ['true', 'false'] as const;
const KINDS = { each: true, message: 'must be kinds separated by commas' };

/** What is wanted of a feed. */
export class FilterQueryDto {
  @ApiPropertyOptional({ type: String, description: 'Only these kinds, separated by commas.' })
  @IsOptional()
  @CommaList()
  @Matches(KIND_PATTERN, KINDS)
  kinds?: string[];

  @ApiPropertyOptional(WHERE)
  @IsOptional()
  where?: never;
}

export class SnapshotQueryDto extends FilterQueryDto {
  @ApiPropertyOptional({ enum: FLAGS, default: 'false', description: 'Also which atomes have been erased.' })
  @IsIn(FLAGS)
  erased: (typeof FLAGS)[number] = 'false';
}

export class ChangesQueryDto extends FilterQueryDto {
  @ApiPropertyOptional({
    type: Number,
    minimum: 0,
    description: 'The cursor: seq up to which you have everything. Left out: 0, or for SSE live from now.',
  })
  @IsOptional()
  @WholeNumber(0)
  since?: number;

  @ApiPropertyOptional({
    type: Number,
    minimum: 1,
    maximum: 1000,
    default: 500,
    description: 'Most events in the answer.',
  })
  @IsOptional()
  @WholeNumber(1, 1000)
  limit: number = 500;

  @ApiPropertyOptional({
    type: Number,
    minimum: 0,
    maximum: 60,
    default: 0,
    description: 'Seconds to wait for a first event (long poll); the answer comes after 55 at the latest.',
  })
  @IsOptional()
  @WholeNumber(0, 60)
  wait: number = 0;

  @ApiPropertyOptional({
    enum: ['true', 'false'],
    default: 'false',
    description: 'Only the newest alteration of each atome.',
  })
  @IsIn(['true', 'false'])
  compact: 'true' | 'false' = 'false';

  @ApiPropertyOptional({ description: 'The epoch of your cursor: 409 `reset` when the ledger is another one.' })
  @IsOptional()
  @Matches(/^[0-9a-f-]{36}$/, { message: 'must be the epoch of the ledger, a UUID' })
  epoch?: string;

  @ApiPropertyOptional({ description: 'The chain hash at your cursor: 409 `reset` when the ledger has forked.' })
  @IsOptional()
  @Matches(/^[0-9a-f]{64}$/, { message: 'must be a chain hash, 64 hex digits' })
  hash?: string;

  @ApiPropertyOptional({
    description: 'The `rights` of your last answer: 409 `reset` when you may see other things now.',
  })
  @IsOptional()
  @Matches(/^[\x21-\x7e]{1,64}$/, { message: 'must be the rights of an earlier answer' })
  rights?: string;

  @ApiPropertyOptional({ description: 'A one-time ticket, for an EventSource, which can set no header.' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  ticket?: string;

  @ApiPropertyOptional({ type: String, description: 'Only these types, separated by commas.' })
  @IsOptional()
  @CommaList()
  @Matches(KIND_PATTERN, KINDS)
  types?: string[];

  @ApiPropertyOptional({ type: String, description: 'Only these atomes, ids separated by commas.' })
  @IsOptional()
  @CommaList()
  @Matches(ID_PATTERN, { each: true, message: 'must be ids separated by commas' })
  @ArrayMaxSize(1000)
  ids?: string[];

  @ApiPropertyOptional({ description: 'Only those under this atome; `null` for those under none.' })
  @IsOptional()
  @Matches(ID_PATTERN, { message: 'must be 1–128 characters of A–Z a–z 0–9 _ . : -' })
  parentId?: string;
}

@ApiExtraModels(...modelsOf(['SentWrite']))
export class PushDto {
  @ApiProperty({
    type: 'array',
    items: refTo('SentWrite'),
    maxItems: DEFAULT_LIMITS.pushOperations,
    description: 'Writes as in `mutate`.',
    example: [{ opId: 'op-1', operation: 'create', kind: 'note', data: { title: 'Pushed' } }],
  })
  @IsArray()
  operations!: Record<string, unknown>[];

  @ApiPropertyOptional({
    default: false,
    description:
      'All are written, or none; left out: each is decided by itself, and one that is refused spoils no other.',
  })
  @IsOptional()
  @IsBoolean()
  atomic?: boolean;
}
