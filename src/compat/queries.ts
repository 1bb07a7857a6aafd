import { IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { ApiPropertyOptional } from '../api-decorators.js';
import { ExportQueryDto } from '../compliance/compliance.dto.js';
import { CommaList } from '../http/validation.js';
import { KIND_PATTERN } from '../protocol/index.js';

/** The query of a pull: a time, or a seq. */
export class PullQueryDto {
  @ApiPropertyOptional({ description: 'A time, or a seq; left out: since it was last acknowledged.' })
  @IsOptional()
  @IsString()
  since?: string;
}

/** The query of an export as one JSON value. */
export class OneValueQueryDto extends ExportQueryDto {
  @IsOptional()
  @IsIn(['json'], { message: 'must be json, or be left out' })
  format: string = 'json';

  @IsOptional()
  @CommaList()
  @Matches(KIND_PATTERN, { each: true, message: 'must be kinds separated by commas' })
  kinds?: string[];
}
