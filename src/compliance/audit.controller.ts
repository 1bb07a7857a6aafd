import { Controller, Get, Headers, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiQuery } from '../api-decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Guarded, identityOf, RequireRole } from '../auth/authorization/access.guard.js';
import { errorLog } from '../http/error-log.js';
import { ApiCall, ApiAnswers, ApiGroup, ApiProblems } from '../http/openapi.js';
import { varyBy } from '../http/cache-headers.js';
import { preferredType } from '../http/accept.js';
import { isHead, sendHead, until, LongResponses } from '../http/long-responses.js';
import { ANSWERS } from '../http/openapi-examples.js';
import { parseAsOfPoint } from '../http/as-of.js';
import { isSent } from '../http/json-answers.js';
import { JSON_TYPE } from '../http/media-type.js';
import { NDJSON, ndjson } from '../http/ndjson.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { SecurityLog } from '../http/security-log.js';
import { whileAsked } from '../http/when-over.js';
import { checkedQuery } from '../http/validation.js';
import { LedgerReaders } from '../ledger/read/ledger-readers.js';
import type { Principal } from '../protocol/index.js';
import { AuditQueryDto } from './compliance.dto.js';
import { AuditReader, type AuditEntriesQuery } from './audit-reader.js';

const LINES = 'application/x-ndjson';
const AUDIT_TYPES = ['application/json', LINES] as const;

/** The last time whose year has four digits, as the times of the ledger have. */
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Who did what, when, from where and why; for admins. */
@ApiGroup('compliance')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'audit', version: VERSION_NEUTRAL })
export class AuditController {
  private readonly onError = errorLog('Audit');

  constructor(
    private readonly auditReader: AuditReader,
    private readonly ledgers: LedgerReaders,
    private readonly log: SecurityLog,
    private readonly longResponses: LongResponses,
  ) {}

  @RequireRole('administer', { takesQuery: true })
  @Get()
  @ApiQuery({ type: AuditQueryDto })
  @ApiCall('getAudit', 'Who did what, when, from where, why: a page, or with Accept all as lines of JSON')
  @ApiAnswers(200, 'Alterations without what they changed', {
    'application/json': { schema: 'AuditAnswer', example: ANSWERS.audit },
    'application/x-ndjson': { schema: 'AuditTrailLine', example: ANSWERS.auditLines },
  })
  @ApiProblems('invalid')
  async audit(
    @Headers('accept') accept: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const query = await checkedQuery(AuditQueryDto, request.query);
    const { principal } = identityOf(request)!;
    const { tenant } = principal;
    const { from, to, order, limit, cursor, ...filter } = query;
    const head = await this.ledgers.of(tenant).head();
    const seqBefore = (text: string, path: string) =>
      this.auditReader.countBefore(principal, parseAsOfPoint(text, path), head.seq);
    const newestFirst = order === 'desc';
    const entriesQuery: AuditEntriesQuery = {
      ...filter,
      newestFirst,
      after: from === undefined ? 0 : await seqBefore(from, 'from'),
      upTo: to === undefined ? head.seq : await this.endBy(principal, to, head.seq),
    };
    varyBy(reply, 'Accept');
    const isWhole = preferredType(accept, AUDIT_TYPES) === LINES;
    if (isHead(request)) {
      void reply.type(isWhole ? NDJSON : JSON_TYPE);
      return sendHead(reply);
    }
    this.longResponses.holdHeavy(request, reply);
    this.log.record('audit', request, { query });
    if (isWhole) {
      const { epoch, seq, hash } = head;
      const signal = this.longResponses.open(request, reply);
      const lines = ndjson({
        header: () => ({ epoch, seq, hash }),
        records: () => this.auditReader.all(principal, entriesQuery, until(signal)),
        signal,
        onError: this.onError,
      });
      await reply.type(NDJSON).send(lines);
      return isSent(reply);
    }
    const here =
      cursor === undefined
        ? entriesQuery
        : { ...entriesQuery, ...(newestFirst ? { upTo: cursor } : { after: cursor }) };
    const { entries: data, next } = await this.auditReader.page(principal, here, limit, whileAsked(request, reply));
    return { success: true, data, nextCursor: next };
  }

  /** The last seq that is not after a moment. */
  private endBy(by: Principal, to: string, head: number): Promise<number> {
    const asOf = parseAsOfPoint(to, 'to');
    // times have milliseconds: not after this one is before the next
    const next = (time: string): string => new Date(Math.min(Date.parse(time) + 1, LAST_MS)).toISOString();
    const behind = 'seq' in asOf ? { seq: asOf.seq + 1 } : { time: next(asOf.time) };
    return this.auditReader.countBefore(by, behind, head);
  }
}
