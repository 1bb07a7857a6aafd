import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AtomeError, decodeJson, JSON_PATCH, MERGE_PATCH } from '../protocol/index.js';

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

/** Under this type Fastify finds our decoder; no request comes with it, for it is put in place of what was said. */
const OWN_TYPE = 'application/x.atome-sync.body';
/** Where what was said is kept meanwhile. */
const SAID_TYPE = Symbol('content-type');

type Diverted = FastifyRequest['raw'] & { [SAID_TYPE]?: string };

/** The decoder of the module's own routes, whatever parsers the application has for its own. */
export function addOwnDecoder(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(OWN_TYPE, async (request: FastifyRequest, payload: Readable) => {
    const raw: Diverted = request.raw;
    raw.headers['content-type'] = raw[SAID_TYPE];
    return decodeBody(await readWhole(request, payload));
  });
}

/** Has the body of a request read by our decoder. */
export function divertToOwnDecoder({ raw }: { raw: Diverted }): void {
  raw[SAID_TYPE] = raw.headers['content-type'];
  raw.headers['content-type'] = OWN_TYPE;
}

/** @throws AtomeError `too_large`, with the rest unread: the answer closes the connection. */
function readWhole({ headers, routeOptions }: FastifyRequest, payload: Readable): Promise<Buffer> {
  const limit = routeOptions.bodyLimit;
  const tooLarge = (): AtomeError =>
    new AtomeError('too_large', `the body has more than ${limit} bytes; split it into several requests`);
  if (Number(headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= limit) return void chunks.push(chunk);
      payload.off('data', onData).pause();
      reject(tooLarge());
    };
    payload.on('data', onData);
    payload.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    payload.once('error', (error) => reject(new AtomeError('invalid', `the body broke off: ${error.message}`)));
  });
}

function decodeBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw new AtomeError('invalid_json', 'the body is not valid UTF-8');
  return decodeJson(body.toString());
}
