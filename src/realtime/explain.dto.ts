import { IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiProperty, ApiPropertyOptional } from '../api-decorators.js';
import { WholeNumber } from '../http/validation.js';
import { ConnectionsQueryDto } from './connection-page.js';

export class ExplainQueryDto extends ConnectionsQueryDto {
  @ApiProperty({ type: Number, minimum: 1, description: 'The alteration.', example: 12 })
  @WholeNumber(1)
  seq!: number;

  @ApiPropertyOptional({ type: String, description: 'A connection, by its clientId.' })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  client?: string;

  @ApiPropertyOptional({ type: String, description: 'A principal, by id. Left out, as `client`: the caller.' })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  principal?: string;
}
