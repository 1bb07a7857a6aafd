import { Controller, Get, Headers, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiHeader, ApiQuery } from '../api-decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { errorLog } from '../http/error-log.js';
import { preferredType } from '../http/accept.js';
import { isHead, sendHead, LongResponses } from '../http/long-responses.js';
import { Guarded, identityOf, RequireRole } from '../auth/authorization/access.guard.js';
import { ApiCall, ApiAnswers, ApiGroup, ApiProblems } from '../http/openapi.js';
import { varyBy } from '../http/cache-headers.js';
import { isSent, JsonAnswers } from '../http/json-answers.js';
import { JSON_TYPE } from '../http/media-type.js';
import { ANSWERS } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { checkedQuery } from '../http/validation.js';
import { takeWhere } from '../http/where-query.js';
import { readChanges, requireCursor, type ChangesPage } from '../feed/changes.js';
import { Feed } from '../feed/feed.js';
import { invalid, type Cursor, type Filter } from '../protocol/index.js';
import { STREAM_HEADERS, streamEvents } from './event-stream.js';
import { MAX_WAIT_MS, sendWhenKnown } from './long-poll.js';
import { ChangesQueryDto } from './sync.dto.js';

const EVENT_STREAM = 'text/event-stream';
/** What changes can be answered with; the first where `Accept` leaves it open. */
const CHANGES_TYPES = ['application/json', EVENT_STREAM] as const;

/** Changes, for clients that hold a replica. */
@ApiGroup('sync')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'sync', version: VERSION_NEUTRAL })
export class ChangesController {
  private readonly onError = errorLog('Sync');

  constructor(
    private readonly feed: Feed,
    private readonly accessPolicy: AccessPolicy,
    private readonly longResponses: LongResponses,
    private readonly answers: JsonAnswers,
  ) {}

  @RequireRole('read', { takesTickets: true, takesQuery: true })
  @Get('changes')
  @ApiQuery({ type: ChangesQueryDto })
  @ApiCall('getChanges', 'What has changed behind a cursor: JSON, long poll, or server-sent events')
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'For SSE: the cursor, sent by the browser when it reconnects.',
  })
  @ApiAnswers(200, 'All the events you may see with from < seq ≤ to; or a stream of them that does not end', {
    'application/json': { schema: 'ChangesAnswer', example: ANSWERS.changes },
    'text/event-stream': { schema: 'StreamedEvent', example: ANSWERS.eventStream },
  })
  @ApiProblems('invalid', 'reset')
  async changes(
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { where, rest } = takeWhere(request.query, request.url);
    const query = await checkedQuery(ChangesQueryDto, rest);
    const { principal } = identityOf(request)!;
    const rights = this.accessPolicy.accessFingerprint(principal);
    varyBy(reply, 'Accept');
    const isStream = preferredType(accept, CHANGES_TYPES) === EVENT_STREAM;
    const cursor = isStream ? cursorOf(query, lastEventId) : { ...cursorOf(query, undefined), since: query.since ?? 0 };
    if (isHead(request)) {
      await requireCursor((await this.feed.log(principal.tenant)).tail, cursor, rights, query.compact === 'true');
      void reply.headers(isStream ? STREAM_HEADERS : { 'content-type': JSON_TYPE });
      return sendHead(reply);
    }
    const filter = { ...filterOf(query), ...(where && { where }) };
    const compact = query.compact === 'true';
    const signal = this.longResponses.open(request, reply);
    if (isStream) {
      await streamEvents({ feed: this.feed, principal, rights, reply, cursor, filter, compact, signal });
      return isSent(reply);
    }
    const log = await this.feed.log(principal.tenant);
    const { limit } = query;
    const waitMs = Math.min(query.wait * 1_000, MAX_WAIT_MS);
    const answer = async (waits: () => void): Promise<string> =>
      pageText(await readChanges(log, { principal, rights, cursor, filter, compact, limit, waitMs, waits, signal }));
    return sendWhenKnown({ reply, answers: this.answers, onError: this.onError }, answer);
  }
}

/** The events are JSON already. */
function pageText({ events, ...range }: ChangesPage): string {
  return `${JSON.stringify({ success: true, ...range }).slice(0, -1)},"events":[${events.join(',')}]}`;
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
