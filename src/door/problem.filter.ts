import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM_JSON, toAtomeError, toProblem } from './problem.js';

/** Answers every error as problem+json, and logs those that are the server's own fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const refusal = toAtomeError(error);
    if (refusal.code === 'internal') this.logger.error(refusal.cause ?? error);
    if (reply.sent) return;
    void reply.status(refusal.status).type(PROBLEM_JSON).send(toProblem(refusal, request.url));
  }
}
