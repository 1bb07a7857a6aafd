import { ApiProperty, ApiPropertyOptional } from '../api-decorators.js';
import { IsBoolean, IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { WholeNumber } from '../http/validation.js';
import { ID_PATTERN, KIND_PATTERN, OPERATIONS } from '../protocol/index.js';

const ID = { message: 'must be 1–128 characters of A–Z a–z 0–9 _ . : -' };
const PRINCIPAL = /^[\x21-\x7e]{1,128}$/;
const WHO = { message: 'must be 1–128 visible ASCII characters' };
const DONE = [...OPERATIONS, 'redact'] as const;

export class AuditQueryDto {
  @ApiPropertyOptional({ description: 'Only what this principal wrote.' })
  @IsOptional()
  @Matches(PRINCIPAL, WHO)
  author?: string;

  @ApiPropertyOptional({ description: 'Only what was done to this atome.' })
  @IsOptional()
  @Matches(ID_PATTERN, ID)
  atomeId?: string;

  @ApiPropertyOptional({ enum: DONE, description: 'Only this operation.' })
  @IsOptional()
  @IsIn(DONE)
  operation?: (typeof DONE)[number];

  @ApiPropertyOptional({ description: 'Only atomes that are of this kind now.' })
  @IsOptional()
  @Matches(KIND_PATTERN, { message: 'must be 1–64 characters of A–Z a–z 0–9 _ . : -' })
  kind?: string;

  @ApiPropertyOptional({ description: 'Only what came through this WebSocket client.' })
  @IsOptional()
  @Matches(ID_PATTERN, ID)
  sourceClient?: string;

  @ApiPropertyOptional({ description: 'From this seq or ISO 8601 time on.' })
  @IsOptional()
  @IsString()
  from?: string;

  @ApiPropertyOptional({ description: 'Up to this seq or ISO 8601 time, itself included.' })
  @IsOptional()
  @IsString()
  to?: string;

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc', description: 'Newest first, or oldest first.' })
  @IsIn(['asc', 'desc'])
  order: 'asc' | 'desc' = 'desc';

  @ApiPropertyOptional({ type: Number, minimum: 1, maximum: 500, default: 100, description: 'How many on a page.' })
  @IsOptional()
  @WholeNumber(1, 500)
  limit: number = 100;

  @ApiPropertyOptional({ type: Number, description: '`nextCursor` of the page before, with all else as it was.' })
  @IsOptional()
  @WholeNumber(0)
  cursor?: number;
}

export class ExportQueryDto {
  @ApiPropertyOptional({ description: 'Whose data; another’s needs the role `admin`. Left out: yours.' })
  @IsOptional()
  @Matches(PRINCIPAL, WHO)
  principal?: string;
}

export class DeleteAllDto {
  @ApiProperty({ description: 'true: erase. It cannot be undone. false: only tell whether there is anything.' })
  @IsBoolean()
  confirm!: boolean;

  @ApiPropertyOptional({ description: 'Why; it stays.', example: 'asked for' })
  @IsOptional()
  @IsString()
  reason?: string;
}
