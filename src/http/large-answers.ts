import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RULE } from '../auth/authentication/request-authenticator.js';
import { AtomeError } from '../protocol/index.js';
import { turn } from '../ledger/turns.js';
import type { ByteBudget } from './byte-budget.js';
import type { LimitedLog } from './limited-log.js';
import { callerOf } from './request-content.js';
import { whenOver } from './when-over.js';

/** What goes out at once, in bytes; a longer answer goes out as fast as it is taken. */
const CHUNK = 64 * 1024;
/** When it is worth trying again, in milliseconds. */
const RETRY_MS = 1_000;

/** What large answers need. */
export interface LargeAnswers {
  readonly budget: ByteBudget;
  readonly log: Pick<LimitedLog, 'warn'>;
}

/**
 * Sends large answers of the module's own routes in parts, as fast as they are taken, so that the network's buffers hold
 * no second copy; and refuses to hold more of them than memory allows.
 */
export function sendLargeAnswersInParts(fastify: FastifyInstance, large: LargeAnswers): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const isLarge = typeof payload === 'string' && payload.length > CHUNK;
    if (!isLarge || request.method === 'HEAD' || !(RULE in request.routeOptions.config)) return done(null, payload);
    partsOf(payload, request, reply, large).then((parts) => done(null, parts), done);
  });
}

/** @throws AtomeError `unavailable`, by rejecting. */
async function partsOf(
  text: string,
  request: FastifyRequest,
  reply: FastifyReply,
  { budget, log }: LargeAnswers,
): Promise<Readable> {
  await turn();
  const bytes = Buffer.from(text);
  const caller = callerOf(request);
  budget.hold(caller, bytes.length);
  whenOver(request, reply, () => budget.release(caller, bytes.length));
  const excess = budget.excess(caller);
  if (excess !== undefined) {
    log.warn('answers', `503: ${excess} in answers that are not taken (last by ${JSON.stringify(caller)})`);
    const message = 'too many large answers wait to be taken; take them, then ask again';
    throw new AtomeError('unavailable', message, { retryAfter: RETRY_MS });
  }
  void reply.header('content-length', String(bytes.length));
  return Readable.from(chunksOf(bytes), { objectMode: false, highWaterMark: CHUNK });
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}
