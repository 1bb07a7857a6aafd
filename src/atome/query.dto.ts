import { IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ApiPropertyOptional } from '../api-decorators.js';
import { WholeNumber } from '../http/validation.js';
import { WHERE } from '../http/where-query.js';
import { ID_PATTERN, KIND_PATTERN, MAX_VERSION } from '../protocol/index.js';
import { ID, KIND } from './atome.dto.js';

/* The queries, checked by the ValidationPipe. */

const FIELDS = {
  description:
    'Only these parts of an atome, with commas between: `data.<key>`, `meta.<key>`, and the atome’s own. Such as `id,data.title`.',
};

export class GetQueryDto {
  @ApiPropertyOptional({ type: Number, minimum: 1, description: 'The atome as it was at this version.' })
  @IsOptional()
  @WholeNumber(1)
  version?: number;

  @ApiPropertyOptional({
    description: 'The atome as it was at a seq, or at a time such as `2026-01-31T12:00:00Z`.',
  })
  @IsOptional()
  @IsString()
  at?: string;

  @ApiPropertyOptional(FIELDS)
  @IsOptional()
  @IsString()
  fields?: string;
}

export class PageQueryDto {
  @ApiPropertyOptional({ type: Number, minimum: 1, default: 1, description: 'Which page.' })
  @IsOptional()
  @WholeNumber(1)
  page: number = 1;

  @ApiPropertyOptional({ type: Number, minimum: 1, maximum: 500, default: 20, description: 'How many on a page.' })
  @IsOptional()
  @WholeNumber(1, 500)
  limit: number = 20;
}

export class HistoryQueryDto extends PageQueryDto {
  @ApiPropertyOptional({
    type: String,
    description: 'nextCursor of the page before; it takes the place of `page`.',
  })
  @IsOptional()
  @WholeNumber(1, MAX_VERSION)
  cursor?: number;
}

const SORT_BY = ['updatedAt', 'createdAt', 'id', 'kind', 'type', 'version'] as const;
const FLAGS = ['true', 'false'] as const;
const COUNTS = ['true', 'false', 'exact'] as const;

export class ListQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ description: 'Only this kind, such as `note`.' })
  @IsOptional()
  @Matches(KIND_PATTERN, KIND)
  kind?: string;

  @ApiPropertyOptional({ description: 'Only this type.' })
  @IsOptional()
  @Matches(KIND_PATTERN, KIND)
  type?: string;

  @ApiPropertyOptional({ description: 'Those under this atome; `null` for those under none.' })
  @IsOptional()
  @Matches(ID_PATTERN, ID)
  parentId?: string;

  @ApiPropertyOptional({ description: 'Text that data contains, ignoring case.' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  search?: string;

  @ApiPropertyOptional(WHERE)
  @IsOptional()
  where?: never;

  @ApiPropertyOptional({
    description:
      'Fields that order the list, in place of sortBy and sortOrder: `-` before one is downwards. `data.<key>`, `meta.<key>` and the atome’s own. Such as `-data.dueAt,data.title`.',
  })
  @IsOptional()
  @IsString()
  sort?: string;

  @ApiPropertyOptional({ enum: SORT_BY, default: 'updatedAt', description: 'What orders the list.' })
  @IsIn(SORT_BY)
  sortBy: (typeof SORT_BY)[number] = 'updatedAt';

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc', description: 'Upwards, or downwards.' })
  @IsIn(['asc', 'desc'])
  sortOrder: 'asc' | 'desc' = 'desc';

  @ApiPropertyOptional(FIELDS)
  @IsOptional()
  @IsString()
  fields?: string;

  @ApiPropertyOptional({ description: 'nextCursor of the page before; it takes the place of `page`.' })
  @IsOptional()
  @IsString()
  @MaxLength(8000)
  cursor?: string;

  @ApiPropertyOptional({ enum: FLAGS, default: 'false', description: 'Deleted ones too.' })
  @IsIn(FLAGS)
  includeDeleted: 'true' | 'false' = 'false';

  @ApiPropertyOptional({
    enum: COUNTS,
    default: 'true',
    description:
      'Of long lists `total` tells how many there are at least, with `totalIsExact: false`; exact: how many in any case. false: neither total nor pages.',
  })
  @IsIn(COUNTS)
  count: (typeof COUNTS)[number] = 'true';
}
