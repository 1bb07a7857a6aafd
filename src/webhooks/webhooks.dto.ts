import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { ApiProperty, ApiPropertyOptional } from '../api-decorators.js';
import { WholeNumber } from '../http/validation.js';
import { KIND_PATTERN } from '../protocol/index.js';
import { WEBHOOK_EVENTS, type WebhookDelivery, type WebhookEvent } from './webhook.js';

const MOST_KINDS = 100;
const MOST_DESCRIPTION = 500;
const STATUSES = ['delivered', 'failing', 'dead'];
const WHOLE = 'must be a whole number';

/** Not for what is left out; null is something. */
const IfGiven = (): PropertyDecorator => ValidateIf((_object, value: unknown) => value !== undefined);

/** What an old one and a new one may have. */
class WebhookPartsDto {
  @ApiPropertyOptional({ type: [String], nullable: true, description: 'Only atomes of these kinds; null: of all.' })
  @IsOptional()
  @IsArray({ message: 'must be an array of kinds, or null' })
  @ArrayMaxSize(MOST_KINDS, { message: `has more than ${MOST_KINDS} kinds` })
  @Matches(KIND_PATTERN, { each: true, message: 'must be an array of kinds, or null' })
  kinds?: string[] | null;

  @ApiPropertyOptional({ enum: WEBHOOK_EVENTS, isArray: true, nullable: true, description: 'Only these; null: all.' })
  @IsOptional()
  @IsArray({ message: `must be an array of ${WEBHOOK_EVENTS.join(', ')}, or null` })
  @ArrayMaxSize(WEBHOOK_EVENTS.length, { message: 'has one of them twice' })
  @IsIn(WEBHOOK_EVENTS, { each: true, message: `must be an array of ${WEBHOOK_EVENTS.join(', ')}, or null` })
  events?: WebhookEvent[] | null;

  @ApiPropertyOptional({ maxLength: MOST_DESCRIPTION, description: 'For people.' })
  @IfGiven()
  @IsString({ message: 'must be a text' })
  @MaxLength(MOST_DESCRIPTION, { message: `has more than ${MOST_DESCRIPTION} characters` })
  description?: string;

  @ApiPropertyOptional({ description: 'Whether it is sent; one that is enabled again goes on where it stopped.' })
  @IfGiven()
  @IsBoolean({ message: 'must be true or false' })
  enabled?: boolean;
}

export class WebhookChangeDto extends WebhookPartsDto {
  @ApiPropertyOptional({ description: 'Where to: `https://`.', example: 'https://receiver.example/hook' })
  @IfGiven()
  @IsString({ message: 'must be a text' })
  url?: string;
}

export class WebhookDto extends WebhookPartsDto {
  @ApiProperty({ description: 'Where to: `https://`.', example: 'https://receiver.example/hook' })
  @IsString({ message: 'must be a text' })
  url!: string;
}

export class DeliveriesQueryDto {
  @ApiPropertyOptional({ type: Number, minimum: 1, maximum: 500, default: 100, description: 'How many.' })
  @IsOptional()
  @WholeNumber(1, 500)
  limit: number = 100;

  @ApiPropertyOptional({ enum: STATUSES, description: 'Only these.' })
  @IsOptional()
  @IsIn(STATUSES, { message: `must be one of ${STATUSES.join(', ')}` })
  status?: WebhookDelivery['status'];
}

export class ReplayDto {
  @ApiPropertyOptional({ description: 'Only what was sent of this alteration, beside what is in order.', example: 12 })
  @IfGiven()
  @IsInt({ message: WHOLE })
  @Min(1, { message: WHOLE })
  @Max(Number.MAX_SAFE_INTEGER, { message: WHOLE })
  seq?: number;

  @ApiPropertyOptional({ description: 'All behind this seq, in order; that of the end of the ledger leaves all out.' })
  @IfGiven()
  @IsInt({ message: WHOLE })
  @Min(0, { message: WHOLE })
  @Max(Number.MAX_SAFE_INTEGER, { message: WHOLE })
  after?: number;
}
