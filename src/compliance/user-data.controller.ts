import { Controller, Delete, Get, HttpCode, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiQuery } from '../api-decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Guarded, identityOf, RequireRole } from '../auth/authorization/access.guard.js';
import { assertRole } from '../auth/authorization/role-permissions.js';
import { errorLog } from '../http/error-log.js';
import { ApiAnswer, ApiAnswers, ApiCall, ApiExamples, ApiGroup, ApiProblems, BODY_PROBLEMS } from '../http/openapi.js';
import { isHead, sendHead, until, LongResponses } from '../http/long-responses.js';
import { ANSWERS, BODIES } from '../http/openapi-examples.js';
import { isSent } from '../http/json-answers.js';
import { NDJSON, ndjson } from '../http/ndjson.js';
import { ResolvedOptions } from '../config/module-options.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { SecurityLog } from '../http/security-log.js';
import { checkedQuery } from '../http/validation.js';
import { invalid, isObject, parseDeleteBody } from '../protocol/index.js';
import { DeleteAllDto, ExportQueryDto } from './compliance.dto.js';
import { UserData } from './user-data.js';

/** What the law gives to everybody: to have the own data, and to have it erased. */
@ApiGroup('compliance')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'user-data', version: VERSION_NEUTRAL })
export class UserDataController {
  private readonly onError = errorLog('UserData');

  constructor(
    private readonly data: UserData,
    private readonly options: ResolvedOptions,
    private readonly log: SecurityLog,
    private readonly longResponses: LongResponses,
  ) {}

  @RequireRole('read', { takesQuery: true })
  @Get('export')
  @ApiQuery({ type: ExportQueryDto })
  @ApiCall('exportUserData', 'All that the ledger holds of you, as lines of JSON')
  @ApiAnswers(200, 'A header, your atomes with their history, what you wrote to those of others, a trailer', {
    'application/x-ndjson': { schema: 'ExportLine', example: ANSWERS.export },
    // by the module of the original client alone
    'application/json': { schema: 'ExportedAnswer' },
  })
  @ApiProblems('invalid')
  async export(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const { principal: subject } = await checkedQuery(ExportQueryDto, request.query);
    const { principal } = identityOf(request)!;
    if (subject !== undefined && subject !== principal.id) assertRole(principal, 'administer');
    const whose = subject ?? principal.id;
    void reply.type(NDJSON);
    if (isHead(request)) return sendHead(reply);
    this.longResponses.holdHeavy(request, reply);
    this.log.record('export', request, { subject: whose });
    const signal = this.longResponses.open(request, reply);
    const lines = ndjson({
      header: async () => {
        const { epoch, seq, hash } = await this.data.head(principal);
        return { principal: whose, tenant: principal.tenant, epoch, seq, hash };
      },
      records: ({ seq }) => this.data.exportOf(principal, whose, seq, until(signal)),
      signal,
      onError: this.onError,
    });
    await reply.send(lines);
    isSent(reply);
  }

  @RequireRole('write')
  @Delete('delete-all')
  @HttpCode(200)
  @ApiCall('deleteUserData', 'Erase all atomes that you own, for good')
  @ApiExamples(DeleteAllDto, BODIES.deleteAll)
  @ApiAnswer(200, 'So many were erased; repeat it until it is `complete`', ['DeletedAllAnswer', ANSWERS.deletedAll])
  @ApiProblems(...BODY_PROBLEMS)
  async deleteAll(@Req() request: FastifyRequest) {
    const { body } = request;
    const { principal } = identityOf(request)!;
    const { confirm, ...rest } = isObject(body) ? body : {};
    if (typeof confirm !== 'boolean') {
      throw invalid([{ path: 'confirm', message: 'must be true to erase all that you own; it cannot be undone' }]);
    }
    const { reason } = parseDeleteBody('all', rest, {}, this.options.limits);
    if (!confirm) {
      return { success: true, erased: 0, complete: !(await this.data.hasAny(principal)) };
    }
    const erased = await this.data.eraseAll(principal, { reason });
    this.log.record('erase-all', request, { ...erased });
    return { success: true, ...erased };
  }
}
