import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { ApiPropertyOptional } from '../api-decorators.js';
import { WholeNumber } from '../http/validation.js';

export class LettersQueryDto {
  @ApiPropertyOptional({ type: Number, minimum: 1, maximum: 500, default: 100, description: 'How many on a page.' })
  @IsOptional()
  @WholeNumber(1, 500)
  limit: number = 100;

  @ApiPropertyOptional({ type: Number, description: '`nextCursor` of the page before.' })
  @IsOptional()
  @WholeNumber(0)
  cursor?: number;
}

export class LetterChoiceDto {
  @ApiPropertyOptional({ description: 'The dead letter of this alteration; left out: all of the tenant.', example: 12 })
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be a whole number of at least 1' })
  @Max(Number.MAX_SAFE_INTEGER, { message: 'is too large' })
  seq?: number;
}
