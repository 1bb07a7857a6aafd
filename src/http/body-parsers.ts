import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { AtomeError, decodeJson, JSON_PATCH, MERGE_PATCH, type Limits } from '../protocol/index.js';

/**
 * Decodes JSON bodies with errors that say what is wrong. An empty body is no body: a DELETE with a JSON
 * content type and nothing in it is common.
 * @param types which media types to decode; those that somebody else decodes are left alone.
 */
export function addBodyParsers(fastify: FastifyInstance, types: readonly string[]): void {
  for (const type of types) {
    if (fastify.hasContentTypeParser(type)) continue;
    fastify.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => {
      try {
        done(null, decodeBody(body as Buffer));
      } catch (error) {
        done(error as Error);
      }
    });
  }
}

/** The types of `PATCH`, which no Fastify application decodes by itself. */
export const PATCH_TYPES = [MERGE_PATCH, JSON_PATCH] as const;

/**
 * @param bounds of the value; left out: none.
 * @returns undefined for an empty body. @throws AtomeError `invalid_json`, `too_complex`
 */
export function decodeBody(body: Buffer, bounds?: Pick<Limits, 'jsonDepth' | 'jsonNodes'>): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw new AtomeError('invalid_json', 'the body is not valid UTF-8');
  return decodeJson(body.toString(), bounds);
}
