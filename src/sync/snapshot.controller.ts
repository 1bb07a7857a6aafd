import { Controller, Get, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiQuery } from '../api-decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AtomeQueries } from '../application/atome-queries.js';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { errorLog } from '../http/error-log.js';
import { isHead, LongResponses, sendHead, until } from '../http/long-responses.js';
import { isSent } from '../http/json-answers.js';
import { NDJSON, ndjson } from '../http/ndjson.js';
import { ApiCall, ApiAnswers, ApiGroup, ApiProblems } from '../http/openapi.js';
import { ANSWERS } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { checkedQuery } from '../http/validation.js';
import { takeWhere } from '../http/where-query.js';
import type { Principal } from '../protocol/index.js';
import { SnapshotQueryDto } from './sync.dto.js';

/** All atomes at once, for clients that hold a replica. */
@ApiGroup('sync')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'sync', version: VERSION_NEUTRAL })
export class SnapshotController {
  private readonly onError = errorLog('Sync');

  constructor(
    private readonly queries: AtomeQueries,
    private readonly accessPolicy: AccessPolicy,
    private readonly longResponses: LongResponses,
  ) {}

  @RequireRole('read', { takesQuery: true })
  @Get('snapshot')
  @ApiQuery({ type: SnapshotQueryDto })
  @ApiCall('getSnapshot', 'All atomes as of one seq, as lines of JSON')
  @ApiAnswers(200, 'A header `{ epoch, seq, hash, rights }`, the atomes, a trailer `{ count, digest }`', {
    'application/x-ndjson': { schema: 'SnapshotLine', example: ANSWERS.snapshot },
  })
  @ApiProblems('invalid')
  async snapshot(
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const { where, rest } = takeWhere(request.query, request.url);
    const { kinds, erased } = await checkedQuery(SnapshotQueryDto, rest);
    const wanted = { kinds, where, hasErased: erased === 'true' };
    const { epoch, seq, hash } = await this.queries.head(principal);
    void reply.type(NDJSON);
    if (isHead(request)) return sendHead(reply);
    this.longResponses.holdHeavy(request, reply);
    const signal = this.longResponses.open(request, reply, { finishes: true });
    const head = { epoch, seq, hash, rights: this.accessPolicy.accessFingerprint(principal) };
    const lines = ndjson({
      header: () => head,
      records: () => this.queries.snapshot(seq, wanted, principal, until(signal)),
      onError: this.onError,
      signal,
    });
    await reply.send(lines);
    isSent(reply);
  }
}
