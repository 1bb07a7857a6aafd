import {
  Controller,
  Delete,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Req,
  Res,
  UseFilters,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  ApiAnswer,
  ApiAtomeId,
  ApiCall,
  ApiExamples,
  ApiGroup,
  ApiProblems,
  ApiWriteHeaders,
  BODY_PROBLEMS,
} from '../http/openapi.js';
import { ANSWERS, BODIES, JSON_PATCH_EXAMPLE, MERGE_PATCH_EXAMPLE, PUSHED_ID } from '../http/openapi-examples.js';
import { pathOf, ProblemFilter } from '../http/problem.filter.js';
import { JsonAnswers } from '../http/json-answers.js';
import { HeavyCalls } from '../http/heavy-calls.js';
import { SecurityLog } from '../http/security-log.js';
import { Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { isObject, JSON_PATCH, MERGE_PATCH, type JsonObject, type JsonPatch } from '../protocol/index.js';
import {
  AlterAtomeDto,
  CreateAtomeDto,
  DeleteAtomeDto,
  RenameAtomeDto,
  ReplaceAtomeDto,
  RestoreAtomeDto,
  ShareAtomeDto,
} from './atome.dto.js';
import { AtomeService, type WriteResult } from './atome.service.js';
import type { WriteContext } from './write-calls.js';
import { CurrentWriteContext } from './write-context.decorator.js';

/** What all writes here have in common. */
const TO_ONE_ATOME = { takesPreconditions: true };
const WRITE_PROBLEMS = [...BODY_PROBLEMS, 'not_found', 'op_reused', 'precondition_failed'] as const;
const ANY_OBJECT = { type: 'object', additionalProperties: true } as const;
const WRITTEN = 'It is durable; `alteration` is null when nothing changed';

/** The writes of REST to atomes. Everything it knows is HTTP: the rest is {@link AtomeService}. */
@ApiGroup('atome')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'atome', version: VERSION_NEUTRAL })
export class AtomeController {
  constructor(
    private readonly atomes: AtomeService,
    private readonly log: SecurityLog,
    private readonly heavyCalls: HeavyCalls,
    private readonly answers: JsonAnswers,
  ) {}

  @RequireRole('write', TO_ONE_ATOME)
  @Post('create')
  @ApiCall('createAtome', 'Create an atome')
  @ApiWriteHeaders()
  @ApiExamples(CreateAtomeDto, BODIES.create)
  @ApiAnswer(201, 'It is durable', ['CreatedAnswer', ANSWERS.created], ['ETag', 'Location'])
  @ApiProblems(...WRITE_PROBLEMS, 'exists', 'too_large')
  async create(
    @Req() { body, url }: FastifyRequest,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { id, version, seq, etag, atome } = await this.atomes.create(body as CreateAtomeDto, context);
    void reply.header('ETag', etag).header('Location', locationOf(id, url));
    return { success: true, id, version, seq, atome };
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Post(':id/alter')
  @HttpCode(200)
  @ApiCall('alterAtome', 'Alter an atome key by key')
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(AlterAtomeDto, BODIES.alter)
  @ApiAnswer(200, WRITTEN, ['WrittenAnswer', ANSWERS.written], ['ETag'])
  @ApiProblems(...WRITE_PROBLEMS, 'patch_failed', 'gone', 'too_large')
  async alter(
    @Param('id') id: string,
    @Req() { body }: FastifyRequest,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.altered(reply, await this.atomes.alter(id, body as AlterAtomeDto, context));
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Put(':id')
  @ApiCall('replaceAtome', 'Replace data (and meta, parentId, kind, type)')
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(ReplaceAtomeDto, BODIES.replace)
  @ApiAnswer(200, WRITTEN, ['WrittenAnswer', ANSWERS.written], ['ETag'])
  @ApiProblems(...WRITE_PROBLEMS, 'gone', 'too_large')
  async replace(
    @Param('id') id: string,
    @Req() { body }: FastifyRequest,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.altered(reply, await this.atomes.replace(id, body as ReplaceAtomeDto, context));
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Patch(':id')
  @ApiCall('patchAtome', 'Patch data with JSON Merge Patch (RFC 7396) or JSON Patch (RFC 6902)', {
    requestBody: {
      required: true,
      content: {
        [MERGE_PATCH]: { schema: ANY_OBJECT, example: MERGE_PATCH_EXAMPLE },
        [JSON_PATCH]: { schema: { type: 'array', items: ANY_OBJECT }, example: JSON_PATCH_EXAMPLE },
      },
    },
  })
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiAnswer(200, WRITTEN, ['WrittenAnswer', ANSWERS.written], ['ETag'])
  @ApiProblems(...WRITE_PROBLEMS, 'patch_failed', 'gone', 'too_large')
  async patch(
    @Param('id') id: string,
    @Req() { body }: FastifyRequest,
    @Headers('content-type') contentType: string | undefined,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const mediaType = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
    // the parser of the protocol decides what the body is
    const patch = body as JsonObject | JsonPatch;
    return this.altered(reply, await this.atomes.patch(id, patch, context, mediaType));
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Post(':id/rename')
  @HttpCode(200)
  @ApiCall('renameAtome', 'Set data.name')
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(RenameAtomeDto, BODIES.rename)
  @ApiAnswer(200, WRITTEN, ['RenamedAnswer', ANSWERS.renamed], ['ETag'])
  @ApiProblems(...WRITE_PROBLEMS, 'gone', 'too_large')
  async rename(
    @Param('id') id: string,
    @Req() { body }: FastifyRequest,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const result = await this.atomes.rename(id, body as RenameAtomeDto, context);
    return this.altered(reply, result, { oldName: result.oldName, newName: result.newName });
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Delete(':id')
  @ApiCall('deleteAtome', 'Delete an atome; it can be restored')
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(DeleteAtomeDto, BODIES.delete, { required: false })
  @ApiAnswer(200, 'It is deleted, or was before', ['DeletedAnswer', ANSWERS.deleted], ['ETag'])
  @ApiProblems(...WRITE_PROBLEMS)
  async delete(
    @Param('id') id: string,
    @Req() { body }: FastifyRequest,
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
  @ApiCall('eraseAtome', 'Erase an atome and its history for good: for its owner, and for admins')
  @ApiWriteHeaders()
  // not the note that all other examples use: its id could not be used again
  @ApiAtomeId(PUSHED_ID)
  @ApiExamples(DeleteAtomeDto, BODIES.erase, { required: false })
  @ApiAnswer(200, 'Its payload is gone, or was before', ['ErasedAnswer', ANSWERS.erased], ['ETag'])
  @ApiProblems(...WRITE_PROBLEMS)
  async erase(
    @Param('id') id: string,
    @Req() { body }: FastifyRequest,
    @CurrentWriteContext() context: WriteContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { version, seq, etag, atome } = await this.atomes.erase(id, body as DeleteAtomeDto | undefined, context);
    void reply.header('ETag', etag);
    this.log.record('erase', request, { atomeId: id });
    return { success: true, id, erasedAt: atome.deletedAt, version, seq };
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Post(':id/restore')
  @HttpCode(200)
  @ApiCall('restoreAtome', 'Write the state of an earlier version as a new version')
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(RestoreAtomeDto, BODIES.restore)
  @ApiAnswer(200, 'It is as it was, also if it was deleted', ['RestoredAnswer', ANSWERS.restored], ['ETag'])
  @ApiProblems(...WRITE_PROBLEMS, 'too_large')
  async restore(
    @Param('id') id: string,
    @Req() { body }: FastifyRequest,
    @CurrentWriteContext() context: WriteContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { version, seq, etag, atome } = await this.atomes.restore(id, body as RestoreAtomeDto, context);
    void reply.header('ETag', etag);
    return {
      success: true,
      id,
      restoredToVersion: (body as RestoreAtomeDto).version,
      newVersion: version,
      data: atome.data,
      seq,
      atome,
    };
  }

  @RequireRole('write', TO_ONE_ATOME)
  @Post(':id/share')
  @HttpCode(200)
  @ApiCall('shareAtome', 'Say who may see and alter an atome; for its owner and admins')
  @ApiWriteHeaders()
  @ApiAtomeId()
  @ApiExamples(ShareAtomeDto, BODIES.share)
  @ApiAnswer(200, WRITTEN, ['WrittenAnswer', ANSWERS.shared], ['ETag'])
  @ApiProblems(...WRITE_PROBLEMS, 'gone', 'too_large')
  async share(
    @Param('id') id: string,
    @Req() { body }: FastifyRequest,
    @CurrentWriteContext() context: WriteContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const share = () => this.atomes.share(id, body as ShareAtomeDto, context);
    // all that inherit from it may have to be read and written; but to take a right away waits for nobody's slot
    const isTaken = isObject(body) && body.access === 'private';
    return this.altered(reply, await (isTaken ? share() : this.heavyCalls.during(request, share)));
  }

  private altered(reply: FastifyReply, result: WriteResult, more: object = {}): unknown {
    const { id, version, seq, etag, atome, alteration } = result;
    void reply.header('ETag', etag);
    return this.answers.withAtome({ success: true, id, version, seq, atome, alteration, ...more }, reply);
  }
}

/**
 * Where a new atome is, from where it was asked for: so it holds under any prefix, also one that a proxy takes away. The dot
 * keeps a colon in the id from ending a scheme; a router may let a path end in a slash.
 */
function locationOf(id: string, url: string): string {
  return pathOf(url).endsWith('/') ? `../${id}` : `./${id}`;
}
