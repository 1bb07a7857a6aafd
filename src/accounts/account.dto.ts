import { ApiProperty, ApiPropertyOptional } from '../api-decorators.js';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ParsedBy } from '../http/parsed-by.js';
import { BODIES } from './openapi-examples.js';
import { MAX_IDENTIFIER_CHARS, parseIdentifier, parseNewIdentifier } from './identifier.js';
import { parsePassword } from './passwords.js';
import { REFRESH_TOKEN_PATTERN } from './refresh-token.js';

const { identifier, password } = BODIES.login.login;
const { refreshToken } = BODIES.refresh.refresh;
const { newPassword } = BODIES.changePassword.change;
const MAX_PASSWORD_CHARS = 1_024;
const REFRESH_TOKEN = { message: 'must be a refresh token, 86 characters' };

class IdentifiedDto {
  @ApiProperty({
    maxLength: MAX_IDENTIFIER_CHARS,
    description: 'An e-mail address, a phone number with its country (+33 …), or a user name. Case does not count.',
    example: identifier,
  })
  @ParsedBy(parseIdentifier)
  identifier!: string;
}

export class RegisterDto extends IdentifiedDto {
  @ParsedBy(parseNewIdentifier)
  declare identifier: string;

  @ApiProperty({ minLength: 10, maxLength: MAX_PASSWORD_CHARS, format: 'password', example: password })
  @ParsedBy(parsePassword)
  password!: string;
}

export class LoginDto extends IdentifiedDto {
  @ApiProperty({ maxLength: MAX_PASSWORD_CHARS, format: 'password', example: password })
  @IsString()
  @MaxLength(MAX_PASSWORD_CHARS)
  password!: string;
}

export class RefreshDto {
  @ApiProperty({ description: 'The newest of the session; the answer has the next.', example: refreshToken })
  @Matches(REFRESH_TOKEN_PATTERN, REFRESH_TOKEN)
  refreshToken!: string;
}

export class LogoutDto {
  @ApiPropertyOptional({ description: 'Which session to end; left out, that of the token in the header.' })
  @IsOptional()
  @Matches(REFRESH_TOKEN_PATTERN, REFRESH_TOKEN)
  refreshToken?: string;
}

export class ChangePasswordDto {
  @ApiProperty({ maxLength: MAX_PASSWORD_CHARS, format: 'password', example: password })
  @IsString()
  @MaxLength(MAX_PASSWORD_CHARS)
  currentPassword!: string;

  @ApiProperty({ minLength: 10, maxLength: MAX_PASSWORD_CHARS, format: 'password', example: newPassword })
  @ParsedBy(parsePassword)
  newPassword!: string;
}

export class DeleteAccountDto {
  @ApiProperty({ maxLength: MAX_PASSWORD_CHARS, format: 'password', example: password })
  @IsString()
  @MaxLength(MAX_PASSWORD_CHARS)
  password!: string;
}
