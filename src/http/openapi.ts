import { applyDecorators, type Type } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiHeader, ApiOperation, ApiParam, ApiResponse, ApiTags } from '../api-decorators.js';
import type { ApiOperationOptions } from '@nestjs/swagger';
import type { ErrorCode } from '../protocol/index.js';
import { NOTE_ID } from './openapi-examples.js';
import { byStatus, problemExample } from './problem-examples.js';
import { modelsOf, refTo, type SchemaName } from './schema-models.js';

/** What a status means, whichever of its codes it is. */
const MEANINGS: Readonly<Record<number, string>> = {
  400: 'Invalid input: `errors` names each bad field',
  401: 'No token, or one that is not good',
  403: 'The caller may not do it',
  404: 'There is no such thing, or it is not for the caller to see',
  409: 'It does not go together with what there is',
  410: 'The atome was deleted; restore it first',
  412: 'The atome is not as `If-Match` or `If-None-Match` asks; read it again',
  413: 'Too large',
  415: 'The body is of another type than this call understands',
  429: 'Too many attempts; `Retry-After` says when the next makes sense',
};

/** What any call with a body may be refused with. */
export const BODY_PROBLEMS = ['invalid', 'invalid_json', 'too_complex', 'unsupported_media_type'] as const;

const RETRY_AFTER = { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } } as const;

/** What is answered to a refusal with some codes of one status, for an operation of a document. */
export function refusal(codes: readonly ErrorCode[], description?: string) {
  const { status } = problemExample(codes[0]!);
  const examples = Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }]));
  return {
    description: description ?? MEANINGS[status]!,
    ...((status === 429 || status === 503) && { headers: RETRY_AFTER }),
    content: { 'application/problem+json': { schema: refTo('Problem'), examples } },
  };
}

/** Documents refusals, which are problem+json (RFC 9457) everywhere. */
export function ApiProblems(...codes: ErrorCode[]): MethodDecorator {
  const documented = [...byStatus(codes)].map(([status, some]) => ApiResponse({ status, ...refusal(some) }));
  return applyDecorators(...documented);
}

/** Documents calls under one heading, with what any of them may be refused with. */
export function ApiGroup(name: string): ClassDecorator {
  const content = { 'application/problem+json': { schema: refTo('Problem') } };
  return applyDecorators(
    ApiTags(name),
    ApiExtraModels(...modelsOf(['Problem'])),
    ApiResponse({ status: '4XX', description: 'Any other refusal: `code` says which', content }),
    ApiResponse({
      status: '5XX',
      description: 'The server cannot just now: `retryable` says whether it is worth to try again',
      headers: RETRY_AFTER,
      content,
    }),
  );
}

const HEADERS = {
  ETag: 'Entity tag of the atome in this version, for `If-Match` and `If-None-Match`',
  'X-Query-Cost': 'With `where` or `sort`: `indexed`, or `scan` with how many atomes may be looked through',
  Location: 'Where the new atome is, relative to the address of this request',
  'Retry-After': 'Seconds to wait',
} as const;

type HeaderName = keyof typeof HEADERS;

function headersOf(names: readonly HeaderName[]) {
  const documented = names.map((name) => {
    const required = name !== 'X-Query-Cost';
    return [name, { description: HEADERS[name], required, schema: { type: 'string' } }];
  });
  return Object.fromEntries(documented) as Record<string, { description: string }>;
}

/** What the lines, or the events, of a text are. */
export const ITEM_SCHEMA = 'x-itemSchema';

/** What is in an answer of one media type. */
interface MediaAnswer {
  readonly schema: SchemaName;
  readonly example?: unknown;
}

/** An answer in several media types; those of JSON are whole values, others a text of many. */
export function ApiAnswers(
  status: number,
  description: string,
  media: Readonly<Record<string, MediaAnswer>>,
  headers: readonly HeaderName[] = [],
): MethodDecorator {
  const content = Object.fromEntries(
    Object.entries(media).map(([type, { schema, example }]) => {
      const isWhole = type === 'application/json';
      // OpenAPI 3.0 has no word for what the parts of a text are
      const text = { type: 'string', [ITEM_SCHEMA]: refTo(schema) } as const;
      return [type, { schema: isWhole ? refTo(schema) : text, ...(example !== undefined && { example }) }];
    }),
  );
  return applyDecorators(
    ApiExtraModels(...modelsOf(Object.values(media).map(({ schema }) => schema))),
    ApiResponse({ status, description, ...(headers.length > 0 && { headers: headersOf(headers) }), content }),
  );
}

/** Documents an answer of JSON by its schema and an example of it, and the headers that clients may want of it. */
export function ApiAnswer(
  status: number,
  description: string,
  [schema, example]: readonly [schema: SchemaName, example: object],
  headers: readonly HeaderName[] = [],
): MethodDecorator {
  return ApiAnswers(status, description, { 'application/json': { schema, example } }, headers);
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

/** Documents what a call is for, under the name that it has in clients. */
export function ApiCall(operationId: string, summary: string, more: ApiOperationOptions = {}): MethodDecorator {
  return ApiOperation({ operationId, summary, ...more });
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
