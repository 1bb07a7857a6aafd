import { applyDecorators, type Type } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiParam, ApiResponse } from '../api-decorators.js';
import { AtomeError, type ErrorCode } from '../protocol/index.js';
import { NOTE_ID } from './openapi-examples.js';
import { toProblem } from './problem.js';

/** A refusal by each status: one of its codes, and what it means. */
const PROBLEMS: Readonly<Record<number, readonly [code: ErrorCode, meaning: string]>> = {
  400: ['invalid', 'Invalid input: `errors` names each bad field'],
  404: ['not_found', 'There is no such atome, or version'],
  409: ['op_reused', '`exists`, `op_reused`, `patch_failed` or `reset`'],
  410: ['gone', 'The atome was deleted; restore it first'],
  412: ['precondition_failed', 'The atome is not as `If-Match` or `If-None-Match` asks; read it again'],
  413: ['too_large', 'Too large'],
  429: ['rate_limited', 'Too many attempts; `Retry-After` says when the next makes sense'],
  415: ['unsupported_media_type', 'The body is of another type than this call understands'],
};

/** Documents refusals, which are problem+json (RFC 9457) everywhere. */
export function ApiProblems(...statuses: (keyof typeof PROBLEMS)[]): MethodDecorator {
  const documented = statuses.map((status) => {
    const [code, meaning] = PROBLEMS[status]!;
    const example = toProblem(new AtomeError(code, meaning), `/api/atome/${NOTE_ID}`);
    const content = { 'application/problem+json': { schema: { type: 'object' }, example } };
    return ApiResponse({ status, description: meaning, content });
  });
  return applyDecorators(...documented);
}

const HEADERS = {
  ETag: 'Entity tag of the atome in this version, for `If-Match` and `If-None-Match`',
  'X-Query-Cost': 'With `where` or `sort`: `indexed`, or `scan` with how many atomes may be looked through',
  Location: 'Where the new atome is, relative to the address of this request',
} as const;

/** Documents an answer of JSON by an example of it, and the headers that clients may want of it. */
export function ApiAnswer(
  status: number,
  description: string,
  example: object,
  headers: readonly (keyof typeof HEADERS)[] = [],
): MethodDecorator {
  const documented = headers.map((name) => [name, { description: HEADERS[name], schema: { type: 'string' } }]);
  return ApiResponse({
    status,
    description,
    ...(headers.length > 0 && { headers: Object.fromEntries(documented) as Record<string, { description: string }> }),
    content: { 'application/json': { schema: { type: 'object' }, example } },
  });
}

/** Documents a body by examples that can be sent as they stand; the first is the one that is shown. */
export function ApiExamples(
  type: Type<unknown>,
  examples: Readonly<Record<string, object>>,
  { required = true }: { readonly required?: boolean } = {},
): MethodDecorator {
  const named = Object.entries(examples).map(([name, value]) => [name, { value }]);
  return ApiBody({ type, required, examples: Object.fromEntries(named) as Record<string, { value: object }> });
}

/** Documents the id in the path. */
export function ApiAtomeId(example = NOTE_ID): MethodDecorator {
  return ApiParam({ name: 'id', description: 'The atome’s id.', example });
}

/** Documents the headers that every write accepts. */
export function ApiWriteHeaders(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Names this write: sent again under the same key, it is the same write.',
    }),
    ApiHeader({
      name: 'X-Client-Id',
      required: false,
      description: 'clientId of your WebSocket, which then gets no event of this write on a plain connection.',
    }),
    ApiHeader({
      name: 'If-Match',
      required: false,
      description:
        'The `ETag` of an earlier answer, or `"v3"` for version 3: 412 when the atome is at another version.',
    }),
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      description: '`*`: 412 when there is such an atome already; a tag: when the atome is at that version.',
    }),
  );
}
