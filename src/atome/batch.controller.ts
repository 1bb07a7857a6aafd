import { Controller, Headers, HttpCode, Post, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiHeader } from '../api-decorators.js';
import { Batches } from '../application/batches.js';
import { costText } from '../application/query-costs.js';
import { callerOf } from '../application/caller.js';
import { Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { ResolvedOptions } from '../config/module-options.js';
import { preferredType } from '../http/accept.js';
import { varyBy } from '../http/cache-headers.js';
import { errorLog } from '../http/error-log.js';
import { isSent } from '../http/json-answers.js';
import { LongResponses, until } from '../http/long-responses.js';
import { NDJSON, ndjson } from '../http/ndjson.js';
import { ApiAnswers, ApiCall, ApiExamples, ApiGroup, ApiProblems, BODY_PROBLEMS } from '../http/openapi.js';
import { ANSWERS, BODIES } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { AtomeError, parseBatch, parseBatchKey } from '../protocol/index.js';
import type { BatchRecord, BatchSummary } from '../protocol/messages/answers.js';
import { BatchDto } from './batch.dto.js';
import { CurrentWriteContext } from './write-context.decorator.js';
import type { WriteContext } from './write-calls.js';

const JSON_TYPE = 'application/json';
const LINES = 'application/x-ndjson';

/** Writes of one sort to many atomes. */
@ApiGroup('atome')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'atome', version: VERSION_NEUTRAL })
export class BatchController {
  private readonly onError = errorLog('Batches');

  constructor(
    private readonly batches: Batches,
    private readonly longResponses: LongResponses,
    private readonly options: ResolvedOptions,
  ) {}

  @RequireRole('write')
  @Post('batch')
  @HttpCode(200)
  @ApiCall('batchAtomes', 'Create, alter or delete many atomes, by their ids or by a query')
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'Names the batch: sent again, it goes on.' })
  @ApiHeader({ name: 'X-Client-Id', required: false, description: 'clientId of your WebSocket.' })
  @ApiExamples(BatchDto, BODIES.batch)
  @ApiAnswers(
    200,
    'What came of each atome that was reached; with Accept as lines of JSON, while it is under way',
    {
      'application/json': { schema: 'BatchAnswer', example: ANSWERS.batch },
      'application/x-ndjson': { schema: 'BatchLine', example: ANSWERS.batchLines },
    },
    ['X-Query-Cost'],
  )
  @ApiProblems(...BODY_PROBLEMS, 'too_large')
  async batch(
    @Headers('accept') accept: string | undefined,
    @Req() request: FastifyRequest,
    @CurrentWriteContext() { principal, clientId, idempotencyKey }: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const key = parseBatchKey(idempotencyKey);
    const batch = parseBatch(request.body, this.options.limits);
    varyBy(reply, 'Accept');
    this.longResponses.holdHeavy(request, reply);
    const signal = this.longResponses.open(request, reply);
    const caller = callerOf(principal!, clientId ?? null);
    const cost = 'query' in batch ? await this.batches.costOf(batch.query, principal!) : undefined;
    if (cost) void reply.header('x-query-cost', costText(cost));
    const run = this.batches.run(batch, { caller, key, signal, waiting: until(signal) });
    if (preferredType(accept, [JSON_TYPE, LINES]) === LINES) {
      const lines = ndjson({ header: () => ({}), records: () => flat(run), onError: this.onError, signal });
      await reply.type(NDJSON).send(lines);
      return isSent(reply);
    }
    const results: BatchRecord[] = [];
    let next = await run.next();
    for (; !next.done; next = await run.next()) results.push(...next.value);
    const { error, ...summary } = next.value;
    // nothing was reached: it is refused as a whole
    if (error && results.length === 0) throw new AtomeError(error.code, error.message, error.details);
    return { success: true, ...summary, ...(error && { error }), results };
  }
}

/** The records, and the summary behind them. */
async function* flat(run: AsyncGenerator<BatchRecord[], BatchSummary>): AsyncGenerator<object> {
  for (;;) {
    const next = await run.next();
    if (!next.done) yield* next.value;
    else {
      yield next.value;
      return;
    }
  }
}
