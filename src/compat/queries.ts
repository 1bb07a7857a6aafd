import type { Type } from '@nestjs/common';
import { IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { ExportQueryDto } from '../compliance/compliance.dto.js';
import { CommaList, QUERY_PIPE } from '../http/validation.js';
import { KIND_PATTERN } from '../protocol/index.js';

/** The query of a pull: a time, or a seq. */
export class PullQueryDto {
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

/** Checks a query as the server's own calls check theirs. @throws AtomeError `invalid`, by rejecting. */
export function checkedQuery<T>(type: Type<T>, query: unknown): Promise<T> {
  return QUERY_PIPE.transform(query as Record<string, unknown>, { type: 'query', metatype: type }) as Promise<T>;
}
