import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'Invalid input: `errors` names each bad field',
  404: 'There is no such atome, or version',
  409: '`exists`, `op_reused`, `patch_failed` or `reset`',
  410: 'The atome was deleted; restore it first',
  412: 'The atome is not at the version of `If-Match`',
  413: 'Too large',
  415: 'The body is of another type than this call understands',
};

/** Documents refusals, which are problem+json (RFC 9457) everywhere. */
export function ApiProblems(...statuses: number[]): MethodDecorator {
  return applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description: PROBLEMS[status] ?? '',
        content: { 'application/problem+json': { schema: { type: 'object' } } },
      }),
    ),
  );
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
      description: 'An ETag such as `"v3"`: 412 when the atome is at another version.',
    }),
  );
}
