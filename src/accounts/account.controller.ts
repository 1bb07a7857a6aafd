import { Controller, Delete, Get, HttpCode, Post, Req, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Guarded, identityOf, RequireRole } from '../auth/authorization/access.guard.js';
import { addressOf } from '../auth/admission/client-address.js';
import { ApiAnswer, ApiCall, ApiExamples, ApiGroup, ApiProblems, BODY_PROBLEMS } from '../http/openapi.js';
import { ResolvedOptions } from '../config/module-options.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { checkedBody } from '../http/validation.js';
import { AtomeError } from '../protocol/index.js';
import { AccessTokens } from './access-tokens.js';
import { ChangePasswordDto, DeleteAccountDto, LoginDto, LogoutDto, RefreshDto, RegisterDto } from './account.dto.js';
import type { Account } from './account.store.js';
import { Accounts } from './accounts.js';
import { ANSWERS, BODIES } from './openapi-examples.js';
import { AccountSessions, type AccountSession } from './sessions.js';

/** Accounts over HTTP; the rest is {@link Accounts}. */
@ApiGroup('auth')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'auth', version: VERSION_NEUTRAL })
export class AccountController {
  constructor(
    private readonly accounts: Accounts,
    private readonly sessions: AccountSessions,
    private readonly tokens: AccessTokens,
    private readonly options: ResolvedOptions,
  ) {}

  @RequireRole('open')
  @Post('register')
  @ApiCall('register', 'Make an account, and log in')
  @ApiExamples(RegisterDto, BODIES.register)
  @ApiAnswer(201, 'The tokens of a new session', ['LoginAnswer', ANSWERS.tokens])
  @ApiProblems(...BODY_PROBLEMS, 'exists', 'rate_limited')
  async register(@Req() { body, raw }: FastifyRequest) {
    const { identifier, password } = await checkedBody(RegisterDto, body);
    const { account, session } = await this.accounts.register({
      identifier,
      password,
      address: addressOf(raw, this.options.proxies),
    });
    return { success: true, account: accountView(account), ...(await this.tokensOf(session)) };
  }

  @RequireRole('open')
  @Post('login')
  @HttpCode(200)
  @ApiCall('login', 'Log in')
  @ApiExamples(LoginDto, BODIES.login)
  @ApiAnswer(200, 'The tokens of a new session', ['LoginAnswer', ANSWERS.tokens])
  @ApiProblems(...BODY_PROBLEMS, 'unauthenticated', 'rate_limited')
  async login(@Req() { body, raw }: FastifyRequest) {
    const { identifier, password } = await checkedBody(LoginDto, body);
    const { account, session } = await this.accounts.login({
      identifier,
      password,
      address: addressOf(raw, this.options.proxies),
    });
    return { success: true, account: accountView(account), ...(await this.tokensOf(session)) };
  }

  @RequireRole('open')
  @Post('refresh')
  @HttpCode(200)
  @ApiCall('refreshTokens', 'New tokens for a refresh token, which is good once')
  @ApiExamples(RefreshDto, BODIES.refresh)
  @ApiAnswer(200, 'The next tokens of the session', ['TokensAnswer', ANSWERS.refreshed])
  @ApiProblems(...BODY_PROBLEMS, 'unauthenticated')
  async refresh(@Req() { body }: FastifyRequest) {
    const { refreshToken } = await checkedBody(RefreshDto, body);
    return { success: true, ...(await this.tokensOf(await this.sessions.refresh(refreshToken))) };
  }

  @RequireRole('public')
  @Post('logout')
  @HttpCode(200)
  @ApiCall('logout', 'End a session: its tokens, connections and streams, on every server')
  @ApiExamples(LogoutDto, BODIES.logout, { required: false })
  @ApiAnswer(200, 'It has ended', ['DoneAnswer', ANSWERS.done])
  @ApiProblems(...BODY_PROBLEMS, 'unauthenticated')
  async logout(@Req() request: FastifyRequest) {
    const { refreshToken } = await checkedBody(LogoutDto, request.body);
    const sessionId = identityOf(request)?.sessionId;
    if (refreshToken !== undefined) await this.sessions.endBy(refreshToken);
    else if (sessionId !== undefined) await this.sessions.end(sessionId);
    else throw new AtomeError('unauthenticated', 'say which session: by its access token, or by its refreshToken');
    return { success: true };
  }

  @RequireRole('read')
  @Post('change-password')
  @HttpCode(200)
  @ApiCall('changePassword', 'Change your password; all your other sessions end')
  @ApiExamples(ChangePasswordDto, BODIES.changePassword)
  @ApiAnswer(200, 'It is changed', ['DoneAnswer', ANSWERS.done])
  @ApiProblems(...BODY_PROBLEMS, 'forbidden', 'rate_limited')
  async changePassword(@Req() request: FastifyRequest) {
    const { currentPassword, newPassword } = await checkedBody(ChangePasswordDto, request.body);
    await this.accounts.changePassword(
      identityOf(request)!,
      currentPassword,
      newPassword,
      addressOf(request.raw, this.options.proxies),
    );
    return { success: true };
  }

  @RequireRole('read')
  @Get('me')
  @ApiCall('getMe', 'Who you are')
  @ApiAnswer(200, '`account` is null for a token that was not issued here', ['MeAnswer', ANSWERS.me])
  async me(@Req() request: FastifyRequest) {
    const identity = identityOf(request)!;
    const { principal, expiresAt } = identity;
    const account = await this.accounts.accountOf(identity);
    return {
      success: true,
      principal,
      expiresAt: expiresAt === null ? null : timeOf(expiresAt),
      account: account ? accountView(account) : null,
    };
  }

  @RequireRole('read')
  @Delete('delete-account')
  @ApiCall('deleteAccount', 'Delete your account and end all its sessions; what you have written stays')
  @ApiExamples(DeleteAccountDto, BODIES.deleteAccount)
  @ApiAnswer(200, 'It has gone', ['AccountDeletedAnswer', ANSWERS.deleted])
  @ApiProblems(...BODY_PROBLEMS, 'forbidden', 'rate_limited')
  async deleteAccount(@Req() request: FastifyRequest) {
    const { password } = await checkedBody(DeleteAccountDto, request.body);
    const identity = identityOf(request)!;
    await this.accounts.delete(identity, password, addressOf(request.raw, this.options.proxies));
    return { success: true, id: identity.principal.id };
  }

  private async tokensOf(session: AccountSession) {
    const { token, expiresAt } = await this.tokens.issue(session.accountId, session.id);
    return {
      accessToken: token,
      accessTokenExpiresAt: timeOf(expiresAt),
      refreshToken: session.refreshToken,
      refreshTokenExpiresAt: timeOf(session.expiresAt),
    };
  }
}

function accountView({ id, identifier, createdAt }: Account) {
  return { id, identifier, createdAt: timeOf(createdAt) };
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
