import { Injectable, Logger } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { identityOf } from '../auth/authorization/access.guard.js';

/** What is worth a line in the log, whoever does it. */
export type SecurityAction = 'audit' | 'export' | 'erase' | 'erase-all';

/**
 * Who did what with other people's data or for good, from which address. The ledger knows who wrote; it keeps
 * neither addresses nor reads. One line of level info each, in the context `audit`.
 */
@Injectable()
export class SecurityLog {
  private readonly logger = new Logger('audit');

  record(action: SecurityAction, request: FastifyRequest, about: Readonly<Record<string, unknown>> = {}): void {
    const principal = identityOf(request)?.principal;
    this.logger.log({ action, actor: principal?.id, tenant: principal?.tenant, address: request.ip, ...about });
  }
}
