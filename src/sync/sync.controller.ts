import { Body, Controller, Get, Headers, HttpCode, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { errorLog } from '../http/error-log.js';
import { preferredType } from '../http/accept.js';
import { isHead, sendHead, LongResponses } from '../http/long-responses.js';
import { CurrentPrincipal, Guarded, identityOf, RequireRole } from '../auth/authorization/access.guard.js';
import { AcknowledgedWrites, nackOf } from '../application/acknowledged-writes.js';
import { ApiAnswer, ApiExamples, ApiProblems } from '../http/openapi.js';
import { varyBy } from '../http/cache-headers.js';
import { ANSWERS, BODIES } from '../http/openapi-examples.js';
import { ResolvedOptions } from '../config/module-options.js';
import { NDJSON } from '../http/ndjson.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { toAtomeError } from '../http/problem.js';
import { QUERY_PIPE } from '../http/validation.js';
import { VisibleAtomes } from '../application/visible-atomes.js';
import { readChanges, requireCursor, type ChangesPage } from '../feed/changes.js';
import { Feed } from '../feed/feed.js';
import { LedgerReader } from '../ledger/read/ledger-reader.js';
import {
  AtomeError,
  ID_PATTERN,
  invalid,
  isObject,
  parseMutate,
  type Ack,
  type Cursor,
  type Filter,
  type Nack,
  type Principal,
} from '../protocol/index.js';
import { snapshotLines } from './snapshot.js';
import { STREAM_HEADERS, streamEvents } from './event-stream.js';
import { MAX_WAIT_MS, sendWhenKnown } from './long-poll.js';
import { ChangesQueryDto, PushDto, SnapshotQueryDto } from './sync.dto.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const EVENT_STREAM = 'text/event-stream';
/** What changes can be answered with; the first where `Accept` leaves it open. */
const CHANGES_TYPES = ['application/json', EVENT_STREAM] as const;

/** Changes, snapshots and batches of writes for clients that hold a replica. */
@ApiTags('sync')
@Guarded()
@UseFilters(ProblemFilter)
@Controller('sync')
export class SyncController {
  private readonly onError = errorLog('Sync');

  constructor(
    private readonly feed: Feed,
    private readonly reader: LedgerReader,
    private readonly visible: VisibleAtomes,
    private readonly accessPolicy: AccessPolicy,
    private readonly writes: AcknowledgedWrites,
    private readonly options: ResolvedOptions,
    private readonly longResponses: LongResponses,
  ) {}

  @RequireRole('read', { takesTickets: true })
  @Get('changes')
  @ApiOperation({ summary: 'What has changed behind a cursor: JSON, long poll, or server-sent events' })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'For SSE: the cursor, sent by the browser when it reconnects.',
  })
  @ApiResponse({
    status: 200,
    description: 'All the events you may see with from < seq ≤ to; or a stream of them that does not end',
    content: {
      'application/json': { schema: { type: 'object' }, example: ANSWERS.changes },
      'text/event-stream': { schema: { type: 'string' }, example: ANSWERS.eventStream },
    },
  })
  @ApiProblems(400, 409)
  async changes(
    @Query(QUERY_PIPE) query: ChangesQueryDto,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { principal } = identityOf(request)!;
    const rights = this.accessPolicy.accessFingerprint(principal);
    varyBy(reply, 'Accept');
    const isStream = preferredType(accept, CHANGES_TYPES) === EVENT_STREAM;
    const cursor = isStream ? cursorOf(query, lastEventId) : { ...cursorOf(query, undefined), since: query.since ?? 0 };
    if (isHead(request)) {
      await requireCursor((await this.feed.log(principal.tenant)).tail, cursor, rights);
      void reply.headers(isStream ? STREAM_HEADERS : { 'content-type': JSON_TYPE });
      return sendHead(reply);
    }
    const filter = filterOf(query);
    const compact = query.compact === 'true';
    const signal = this.longResponses.open(request, reply);
    if (isStream) {
      await streamEvents({ feed: this.feed, principal, rights, reply, cursor, filter, compact, signal });
      return;
    }
    const log = await this.feed.log(principal.tenant);
    const { limit } = query;
    const waitMs = Math.min(query.wait * 1_000, MAX_WAIT_MS);
    const answer = async (waits: () => void): Promise<string> =>
      pageText(await readChanges(log, { principal, rights, cursor, filter, compact, limit, waitMs, waits, signal }));
    await sendWhenKnown(reply, answer, this.onError);
  }

  @RequireRole('read')
  @Get('snapshot')
  @ApiOperation({ summary: 'All atomes as of one seq, as lines of JSON' })
  @ApiResponse({
    status: 200,
    description: 'A header `{ epoch, seq, hash, rights }`, the atomes, a trailer `{ count, digest }`',
    content: { 'application/x-ndjson': { schema: { type: 'string' }, example: ANSWERS.snapshot } },
  })
  @ApiProblems(400)
  async snapshot(
    @Query(QUERY_PIPE) { kinds }: SnapshotQueryDto,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { epoch, seq, hash } = await this.reader.head(principal.tenant);
    void reply.type(NDJSON);
    if (isHead(request)) return sendHead(reply);
    const signal = this.longResponses.open(request, reply, { finishes: true });
    const head = { epoch, seq, hash, rights: this.accessPolicy.accessFingerprint(principal) };
    const atomes = this.visible.snapshot(seq, kinds, principal);
    await reply.send(snapshotLines(head, atomes, this.onError, signal));
  }

  @RequireRole('write')
  @Post('push')
  @HttpCode(200)
  @ApiOperation({ summary: 'Many writes at once; one refused write spoils no other' })
  @ApiHeader({ name: 'X-Client-Id', required: false, description: 'clientId of your WebSocket.' })
  @ApiExamples(PushDto, BODIES.push)
  @ApiAnswer(200, 'An ack or a nack for each, in the order of the operations', ANSWERS.pushed)
  @ApiProblems(400, 413)
  async push(
    @Body() body: PushDto,
    @Headers('x-client-id') clientId: string | undefined,
    @CurrentPrincipal() principal: Principal,
  ) {
    const operations = operationsOf(body, this.options.limits.pushOperations);
    if (clientId !== undefined && !ID_PATTERN.test(clientId)) {
      throw invalid([{ path: 'X-Client-Id', message: 'must be 1–128 characters of A–Z a–z 0–9 _ . : -' }]);
    }
    const by = { clientId: clientId ?? null, principal };
    const results = await Promise.all(operations.map((operation) => this.pushOne(operation, by)));
    return { success: true, results };
  }

  /** @throws AtomeError when there is no place. */
  private pushOne(operation: unknown, caller: Parameters<AcknowledgedWrites['mutate']>[1]): Promise<Ack | Nack> {
    try {
      return this.writes.mutate(parseMutate(operation, this.options.limits), caller);
    } catch (error) {
      const opId = isObject(operation) && typeof operation.opId === 'string' ? operation.opId : '';
      return Promise.resolve(nackOf(opId, toAtomeError(error)));
    }
  }
}

/** The events are JSON already. */
function pageText({ events, ...range }: ChangesPage): string {
  return `${JSON.stringify({ success: true, ...range }).slice(0, -1)},"events":[${events.join(',')}]}`;
}

function operationsOf(body: unknown, most: number): unknown[] {
  const fields = isObject(body) ? Object.keys(body) : [];
  const operations = isObject(body) ? body.operations : undefined;
  if (!Array.isArray(operations) || fields.length !== 1) {
    throw invalid([{ path: 'operations', message: 'must be an array of writes, and the only field' }]);
  }
  if (operations.length > most) {
    throw new AtomeError('too_large', `at most ${most} operations are taken at once; send several pushes`);
  }
  return operations;
}

function cursorOf({ epoch, since, hash, rights }: ChangesQueryDto, lastEventId: string | undefined): Cursor {
  if (lastEventId && !/^\d{1,15}$/.test(lastEventId)) {
    throw invalid([{ path: 'Last-Event-ID', message: 'must be a seq, in digits alone' }]);
  }
  const resumed = lastEventId ? Number(lastEventId) : undefined;
  // the hash belongs to the cursor of the query, and a reconnecting browser repeats the query as it was
  const at = resumed ?? since;
  return {
    ...(epoch !== undefined && { epoch }),
    ...(at !== undefined && { since: at }),
    ...(hash !== undefined && resumed === undefined && { hash }),
    ...(rights !== undefined && { rights }),
  };
}

function filterOf({ kinds, types, ids, parentId }: ChangesQueryDto): Filter {
  return {
    ...(kinds && { kinds }),
    ...(types && { types }),
    ...(ids && { ids }),
    ...(parentId !== undefined && { parentId: parentId === 'null' ? null : parentId }),
  };
}
