import { IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiPropertyOptional } from '../api-decorators.js';
import { WholeNumber } from '../http/validation.js';
import type { RegisteredConnection } from './registered-connection.js';

export class ConnectionsQueryDto {
  @ApiPropertyOptional({ type: Number, minimum: 1, maximum: 500, default: 100, description: 'How many on a page.' })
  @IsOptional()
  @WholeNumber(1, 500)
  limit: number = 100;

  @ApiPropertyOptional({ type: String, description: '`nextCursor` of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(160)
  cursor?: string;
}

/** Some connections in the order in which they were opened. A cursor stays good when its own connection has gone. */
export function pageOf(connections: readonly RegisteredConnection[], { limit, cursor = '' }: ConnectionsQueryDto) {
  const placed = connections
    .map((connection) => ({ place: `${connection.connectedAt}-${connection.clientId}`, connection }))
    .filter(({ place }) => place > cursor)
    .sort((one, other) => (one.place < other.place ? -1 : 1));
  const page = placed.slice(0, limit);
  return {
    page: page.map(({ connection }) => connection),
    nextCursor: placed.length > limit ? page.at(-1)!.place : null,
  };
}
