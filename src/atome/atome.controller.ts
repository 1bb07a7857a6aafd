import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Req,
  Res,
  UseFilters,
} from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAnswer, ApiAtomeId, ApiExamples, ApiProblems, ApiWriteHeaders } from '../http/openapi.js';
import { ANSWERS, BODIES, JSON_PATCH_EXAMPLE, MERGE_PATCH_EXAMPLE, PUSHED_ID } from '../http/openapi-examples.js';
import { allowRevalidation } from '../http/cache-headers.js';
import { isNotModified } from '../http/conditional-read.js';
import { parseAsOfPoint } from '../http/as-of.js';
import { pathOf, ProblemFilter } from '../http/problem.filter.js';
import { SecurityLog } from '../http/security-log.js';
import { QUERY_PIPE } from '../http/validation.js';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import type { AsOf } from '../ledger/read/ledger-reader.js';
import type { ListQuery } from '../ledger/store.js';
import {
  invalid,
  JSON_PATCH,
  MERGE_PATCH,
  type JsonObject,
  type JsonPatch,
  type Principal,
} from '../protocol/index.js';
import {
  AlterAtomeDto,
  CreateAtomeDto,
  DeleteAtomeDto,
  GetQueryDto,
  HistoryQueryDto,
  ListQueryDto,
  RenameAtomeDto,
  ReplaceAtomeDto,
  RestoreAtomeDto,
  ShareAtomeDto,
} from './atome.dto.js';
import { AtomeService, type WriteContext, type WriteResult } from './atome.service.js';
import { CurrentWriteContext } from './write-context.decorator.js';
import { decodeCursor, encodeCursor } from './list-cursor.js';

/** Of an answer that is JSON already. */
const JSON_TYPE = 'application/json; charset=utf-8';
/** What all writes here have in common. */
const TO_ONE_ATOME = { takesPreconditions: true };
const WRITTEN = 'It is durable; `alteration` is null when nothing changed';

/** REST over atomes. Everything it knows is HTTP: the rest is {@link AtomeService}. */
@ApiTags('atome')
@Guarded()
@UseFilters(ProblemFilter)
@Controller('atome')
export class AtomeController {
  constructor(
    private readonly atomes: AtomeService,
    private readonly log: SecurityLog,
  ) {}

  @RequireRole('write', TO_ONE_ATOME)
  @Post('create')
  @ApiOperation({ summary: 'Create an atome' })
  @ApiWriteHeaders()
  @ApiExamples(CreateAtomeDto, BODIES.create)
  @ApiAnswer(201, 'It is durable', ANSWERS.created, ['ETag', 'Location'])
  @ApiProblems(400, 404, 409, 412, 413)
  async create(
    @Body() body: CreateAtomeDto,
    @CurrentWriteContext() context: WriteContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { id, version, seq, etag, atome } = await this.atomes.create(body, context);
    void reply.header('ETag', etag).header('Location', locationOf(id, request.url));
    return { success: true, id, version, seq, atome };
  }

  @RequireRole('read', { takesQuery: true })
  @Get('list')
  @ApiOperation({ summary: 'List atomes' })
  @ApiAnswer(200, 'A page; `nextCursor` leads to the next', ANSWERS.list)
  @ApiProblems(400)
  async list(
    @Query(QUERY_PIPE) query: ListQueryDto,
    @CurrentPrincipal() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const listQuery = toListQuery(query);
    const [{ texts, last }, total] = await Promise.all([
      this.atomes.listText(listQuery, caller),
      query.count === 'true' ? this.atomes.count(listQuery, caller) : null,
    ]);
    const rest = JSON.stringify({
      total,
      page: query.page,
      pages: total === null ? null : Math.ceil(total / query.limit),
      nextCursor: last ? encodeCursor(listQuery, last) : null,
    });
    void reply.type(JSON_TYPE);
    return `{"success":true,"data":[${texts.join(',')}],${rest.slice(1)}`;
  }

  @RequireRole('read', { takesQuery: true })
  @Get(':id')
  @ApiOperation({ summary: 'Get an atome, as it is or as it was' })
  @ApiHeader({
    name: 'If-None-Match',
    required: false,
    description: 'The `ETag` of an earlier answer to this request: 304 while it is still that.',
  })
  @ApiAtomeId()
  @ApiAnswer(200, 'The atome', ANSWERS.atome, ['ETag'])
  @ApiResponse({ status: 304, description: 'It is what `If-None-Match` names' })
  @ApiProblems(400, 404, 410, 412)
  async get(
    @Param('id') id: string,
    @Query(QUERY_PIPE) query: GetQueryDto,
    @Req() { headers }: FastifyRequest,
    @CurrentPrincipal() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const atome = await this.atomes.getText(id, toAsOf(query), caller);
    const isKnown = isNotModified(headers, atome);
    allowRevalidation(reply, atome.etag);
    if (isKnown) {
      reply.status(304);
      return undefined;
    }
    void reply.type(JSON_TYPE);
    return `{"success":true,"atome":${atome.text}}`;
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Post(':id/alter')
  @HttpCode(200)
  @ApiOperation({ summary: 'Alter an atome key by key' })
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(AlterAtomeDto, BODIES.alter)
  @ApiAnswer(200, WRITTEN, ANSWERS.written, ['ETag'])
  @ApiProblems(400, 404, 409, 410, 412, 413)
  async alter(
    @Param('id') id: string,
    @Body() body: AlterAtomeDto,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return altered(reply, await this.atomes.alter(id, body, context));
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Put(':id')
  @ApiOperation({ summary: 'Replace data (and meta, parentId, kind, type)' })
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(ReplaceAtomeDto, BODIES.replace)
  @ApiAnswer(200, WRITTEN, ANSWERS.written, ['ETag'])
  @ApiProblems(400, 404, 409, 410, 412, 413)
  async replace(
    @Param('id') id: string,
    @Body() body: ReplaceAtomeDto,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return altered(reply, await this.atomes.replace(id, body, context));
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Patch(':id')
  @ApiOperation({
    summary: 'Patch data with JSON Merge Patch (RFC 7396) or JSON Patch (RFC 6902)',
    requestBody: {
      required: true,
      content: {
        [MERGE_PATCH]: { schema: { type: 'object' }, example: MERGE_PATCH_EXAMPLE },
        [JSON_PATCH]: { schema: { type: 'array', items: { type: 'object' } }, example: JSON_PATCH_EXAMPLE },
      },
    },
  })
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiAnswer(200, WRITTEN, ANSWERS.written, ['ETag'])
  @ApiProblems(400, 404, 409, 410, 412, 413, 415)
  async patch(
    @Param('id') id: string,
    // not @Body(), which would be documented with one example for both types
    @Req() { body }: FastifyRequest,
    @Headers('content-type') contentType: string | undefined,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const mediaType = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
    // the parser of the protocol decides what the body is
    const patch = body as JsonObject | JsonPatch;
    return altered(reply, await this.atomes.patch(id, patch, context, mediaType));
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Post(':id/rename')
  @HttpCode(200)
  @ApiOperation({ summary: 'Set data.name' })
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(RenameAtomeDto, BODIES.rename)
  @ApiAnswer(200, WRITTEN, ANSWERS.renamed, ['ETag'])
  @ApiProblems(400, 404, 409, 410, 412)
  async rename(
    @Param('id') id: string,
    @Body() body: RenameAtomeDto,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const result = await this.atomes.rename(id, body, context);
    return { ...altered(reply, result), oldName: result.oldName, newName: result.newName };
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Delete(':id')
  @ApiOperation({ summary: 'Delete an atome; it can be restored' })
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(DeleteAtomeDto, BODIES.delete, { required: false })
  @ApiAnswer(200, 'It is deleted, or was before', ANSWERS.deleted, ['ETag'])
  @ApiProblems(400, 404, 409, 412)
  async delete(
    @Param('id') id: string,
    @Body() body: unknown,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const input = body as DeleteAtomeDto | undefined;
    const { version, seq, etag, atome } = await this.atomes.delete(id, input, context);
    void reply.header('ETag', etag);
    return { success: true, id, deletedAt: atome.deletedAt, version, seq, restorable: true };
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Post(':id/erase')
  @HttpCode(200)
  @ApiOperation({ summary: 'Erase an atome and its history for good: for its owner, and for admins' })
  @ApiWriteHeaders()
  // not the note that all other examples use: its id could not be used again
  @ApiAtomeId(PUSHED_ID)
  @ApiExamples(DeleteAtomeDto, BODIES.erase, { required: false })
  @ApiAnswer(200, 'Its payload is gone, or was before', ANSWERS.erased, ['ETag'])
  @ApiProblems(400, 404, 409, 412)
  async erase(
    @Param('id') id: string,
    @Body() body: unknown,
    @CurrentWriteContext() context: WriteContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { version, seq, etag, atome } = await this.atomes.erase(id, body as DeleteAtomeDto | undefined, context);
    void reply.header('ETag', etag);
    this.log.record('erase', request, { atomeId: id });
    return { success: true, id, erasedAt: atome.deletedAt, version, seq };
  }

  @RequireRole('read', { takesQuery: true })
  @Get(':id/history')
  @ApiOperation({ summary: 'All alterations of an atome, newest first' })
  @ApiAtomeId()
  @ApiAnswer(200, 'A page of alterations', ANSWERS.history)
  @ApiProblems(400, 404)
  async history(
    @Param('id') id: string,
    @Query(QUERY_PIPE) { page, limit, cursor }: HistoryQueryDto,
    @CurrentPrincipal() caller: Principal,
  ) {
    const place = cursor === undefined ? page : { before: cursor };
    const { currentVersion, alterations, next } = await this.atomes.history(id, place, limit, caller);
    const pages = Math.ceil(currentVersion / limit);
    const nextCursor = next === undefined ? null : String(next);
    return { success: true, id, currentVersion, alterations, total: currentVersion, page, pages, nextCursor };
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Post(':id/restore')
  @HttpCode(200)
  @ApiOperation({ summary: 'Write the state of an earlier version as a new version' })
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(RestoreAtomeDto, BODIES.restore)
  @ApiAnswer(200, 'It is as it was, also if it was deleted', ANSWERS.restored, ['ETag'])
  @ApiProblems(400, 404, 409, 412)
  async restore(
    @Param('id') id: string,
    @Body() body: RestoreAtomeDto,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { version, seq, etag, atome } = await this.atomes.restore(id, body, context);
    void reply.header('ETag', etag);
    return { success: true, id, restoredToVersion: body.version, newVersion: version, data: atome.data, seq, atome };
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Post(':id/share')
  @HttpCode(200)
  @ApiOperation({ summary: 'Say who may see and alter an atome; for its owner and admins' })
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(ShareAtomeDto, BODIES.share)
  @ApiAnswer(200, WRITTEN, ANSWERS.shared, ['ETag'])
  @ApiProblems(400, 404, 409, 410, 412, 413)
  async share(
    @Param('id') id: string,
    @Body() body: ShareAtomeDto,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return altered(reply, await this.atomes.share(id, body, context));
  }
}

function altered(reply: FastifyReply, { id, version, seq, etag, atome, alteration }: WriteResult) {
  void reply.header('ETag', etag);
  return { success: true, id, version, seq, atome, alteration };
}

/**
 * Where a new atome is, from where it was asked for: so it holds under any prefix, also one that a proxy takes away. The dot
 * keeps a colon in the id from ending a scheme; a router may let a path end in a slash.
 */
function locationOf(id: string, url: string): string {
  return pathOf(url).endsWith('/') ? `../${id}` : `./${id}`;
}

function toAsOf({ version, at }: GetQueryDto): AsOf | undefined {
  if (version !== undefined && at !== undefined) {
    throw invalid([{ path: 'at', message: 'cannot be given together with version; choose one' }]);
  }
  if (version !== undefined) return { version };
  return at === undefined ? undefined : parseAsOfPoint(at, 'at');
}

function toListQuery(query: ListQueryDto): ListQuery {
  const { kind, type, parentId, search, sortBy, sortOrder, limit, page, cursor } = query;
  const listing = {
    kind,
    type,
    parentId: parentId === 'null' ? null : parentId,
    search: search === '' ? undefined : search,
    includeDeleted: query.includeDeleted === 'true',
    sortBy,
    sortOrder,
  };
  return {
    ...listing,
    limit,
    offset: cursor === undefined ? (page - 1) * limit : 0,
    after: cursor === undefined ? undefined : decodeCursor(cursor, listing),
  };
}
