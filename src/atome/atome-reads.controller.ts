import { Controller, Get, Param, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiHeader, ApiQuery, ApiResponse } from '../api-decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Waiting } from '../auth/admission/fair-slots.js';
import { AtomeQueries } from '../application/atome-queries.js';
import { costText } from '../application/query-costs.js';
import { parseProjection, projectedText, type Projection } from '../application/projection.js';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { parseAsOfPoint } from '../http/as-of.js';
import { allowRevalidation } from '../http/cache-headers.js';
import { isNotModified } from '../http/conditional-read.js';
import { HeavyCalls } from '../http/heavy-calls.js';
import { JsonAnswers } from '../http/json-answers.js';
import { ApiCall, ApiAnswer, ApiAtomeId, ApiGroup, ApiProblems } from '../http/openapi.js';
import { ANSWERS } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { checkedQuery } from '../http/validation.js';
import { whileAsked } from '../http/when-over.js';
import { takeWhere } from '../http/where-query.js';
import type { ListPage } from '../ledger/read/ledger-reader.js';
import type { AsOf } from '../ledger/read/past.js';
import { atomeText } from '../ledger/row-mapper.js';
import { isHeavy } from '../ledger/read-weights.js';
import type { ListQuery, Total } from '../ledger/store.js';
import type { AtomeRow } from '../ledger/rows.js';
import { LARGE, turn, turnBySize } from '../ledger/turns.js';
import { invalid, parseId, parseSort, type Condition, type Principal } from '../protocol/index.js';
import { GetQueryDto, HistoryQueryDto, ListQueryDto } from './query.dto.js';
import { decodeCursor, encodeCursor, type Listing } from './list-cursor.js';

/** The reads of REST from atomes. Everything it knows is HTTP: the rest is {@link AtomeQueries}. */
@ApiGroup('atome')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'atome', version: VERSION_NEUTRAL })
export class AtomeReadsController {
  constructor(
    private readonly atomes: AtomeQueries,
    private readonly heavyCalls: HeavyCalls,
    private readonly answers: JsonAnswers,
  ) {}

  @RequireRole('read', { takesQuery: true })
  @Get('list')
  @ApiCall('listAtomes', 'List atomes')
  @ApiQuery({ type: ListQueryDto })
  @ApiAnswer(200, 'A page; `nextCursor` leads to the next', ['ListAnswer', ANSWERS.list], ['X-Query-Cost'])
  @ApiProblems('invalid')
  async list(
    @CurrentPrincipal() caller: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { where, rest } = takeWhere(request.query, request.url);
    const query = await checkedQuery(ListQueryDto, rest);
    const projection = toProjection(query);
    const listQuery = toListQuery(query, where);
    const waiting = whileAsked(request, reply);
    const list = async () => {
      const page = await this.atomes.list(listQuery, caller, waiting);
      return { ...page, total: await this.total(query.count, listQuery, page, [caller, waiting]) };
    };
    const { rows, last, total, cost } = await (query.count === 'exact' || isHeavy.queries.list(listQuery)
      ? this.heavyCalls.during(request, list)
      : list());
    if (cost) void reply.header('x-query-cost', costText(cost));
    // a short page need not stand behind the large ones of others
    if (rows.reduce((bytes, { size }) => bytes + size, 0) > LARGE) await turn();
    const paging = JSON.stringify({
      total: total?.total ?? null,
      ...(total?.isExact === false && { totalIsExact: false }),
      page: query.page,
      pages: total && Math.ceil(total.total / query.limit),
      nextCursor: last ? encodeCursor(listQuery, last) : null,
    });
    const texts = projection ? await projectedTexts(rows, projection) : rows.map(atomeText);
    return this.answers.of(`{"success":true,"data":[${texts.join(',')}],${paging.slice(1)}`, reply);
  }

  /** How many a list has in all; null where nobody asks. A page may tell it, and of many it tells how many there are at least. */
  private async total(
    count: ListQueryDto['count'],
    query: ListQuery,
    { rows, last }: ListPage,
    by: [caller: Principal, waiting: Waiting],
  ): Promise<Total | null> {
    if (count === 'false') return null;
    const shown = query.offset + rows.length;
    const isEnd = !last && query.after === undefined && (rows.length > 0 || query.offset === 0);
    if (isEnd) return { total: shown, isExact: true };
    if (count === 'exact') return { total: await this.atomes.count(query, ...by), isExact: true };
    const { total, isExact } = await this.atomes.total(query, ...by);
    return { total: isExact ? total : Math.max(total, shown + Number(last !== undefined)), isExact };
  }

  @RequireRole('read', { takesQuery: true })
  @Get(':id')
  @ApiCall('getAtome', 'Get an atome, as it is or as it was')
  @ApiQuery({ type: GetQueryDto })
  @ApiHeader({
    name: 'If-None-Match',
    required: false,
    description: 'The `ETag` of an earlier answer to this request: 304 while it is still that.',
  })
  @ApiAtomeId()
  @ApiAnswer(200, 'The atome', ['AtomeAnswer', ANSWERS.atome], ['ETag'])
  @ApiResponse({ status: 304, description: 'It is what `If-None-Match` names' })
  @ApiProblems('invalid', 'not_found', 'gone', 'precondition_failed')
  async get(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @CurrentPrincipal() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const query = await checkedQuery(GetQueryDto, request.query);
    const wanted = { asOf: toAsOf(query), projection: toProjection(query) };
    const atome = await this.atomes.getText(parseId(id), wanted, caller, whileAsked(request, reply));
    const isKnown = isNotModified(request.headers, atome);
    allowRevalidation(reply, atome.etag);
    if (isKnown) {
      reply.status(304);
      // what an interceptor keeps is the whole, which Fastify sends nothing of
      if (!this.answers.areIntercepted) return undefined;
    }
    return this.answers.of(`{"success":true,"atome":${atome.text}}`, reply);
  }

  @RequireRole('read', { takesQuery: true })
  @Get(':id/history')
  @ApiCall('getHistory', 'All alterations of an atome, newest first')
  @ApiQuery({ type: HistoryQueryDto })
  @ApiAtomeId()
  @ApiAnswer(200, 'A page of alterations', ['HistoryAnswer', ANSWERS.history])
  @ApiProblems('invalid', 'not_found')
  async history(
    @Param('id') id: string,
    @CurrentPrincipal() caller: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { page, limit, cursor } = await checkedQuery(HistoryQueryDto, request.query);
    const range = { page: cursor === undefined ? page : { before: cursor }, limit };
    const waiting = whileAsked(request, reply);
    const { currentVersion, alterations, next, ...more } = await this.atomes.history(
      parseId(id),
      range,
      caller,
      waiting,
    );
    const pages = Math.ceil(currentVersion / limit);
    const nextCursor = next === undefined ? null : String(next);
    return { success: true, id, currentVersion, alterations, total: currentVersion, page, pages, nextCursor, ...more };
  }
}

function toProjection({ fields }: Pick<GetQueryDto, 'fields'>): Projection | undefined {
  return fields === undefined ? undefined : parseProjection(fields);
}

function toAsOf({ version, at }: GetQueryDto): AsOf | undefined {
  if (version !== undefined && at !== undefined) {
    throw invalid([{ path: 'at', message: 'cannot be given together with version; choose one' }]);
  }
  if (version !== undefined) return { version };
  return at === undefined ? undefined : parseAsOfPoint(at, 'at');
}

/** To take documents apart takes far longer than to hand them on. */
async function projectedTexts(rows: readonly AtomeRow[], projection: Projection): Promise<string[]> {
  const texts: string[] = [];
  const pace = turnBySize();
  for (const row of rows) {
    const due = pace(row.size);
    if (due) await due;
    texts.push(projectedText(row, projection));
  }
  return texts;
}

function toListQuery(query: ListQueryDto, where: Condition | undefined): ListQuery {
  const { kind, type, parentId, search, sortBy, sortOrder, limit, page, cursor } = query;
  const listing = {
    kind,
    type,
    parentId: parentId === 'null' ? null : parentId,
    search: search === '' ? undefined : search,
    where,
    includeDeleted: query.includeDeleted === 'true',
    sortBy,
    sortOrder,
    sort: query.sort === undefined ? undefined : parseSort(query.sort),
  } satisfies Record<keyof Listing, unknown>;
  return {
    ...listing,
    limit,
    offset: cursor === undefined ? (page - 1) * limit : 0,
    after: cursor === undefined ? undefined : decodeCursor(cursor, listing),
  };
}
