import { Injectable, Optional } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { identityOf } from '../auth/authorization/access.guard.js';
import { addressOf } from '../auth/admission/client-address.js';
import { Accounts } from '../accounts/accounts.js';
import { ResolvedOptions } from '../config/module-options.js';
import { SecurityLog } from '../http/security-log.js';
import { UserData } from '../compliance/user-data.js';
import { invalid } from '../protocol/index.js';

/** Erases all that somebody owns, as the original client asks for it: with the password, and at once. */
@Injectable()
export class OriginalErasure {
  constructor(
    private readonly data: UserData,
    private readonly log: SecurityLog,
    private readonly options: ResolvedOptions,
    // without accounts nobody has a password here, and the token is the proof
    @Optional() private readonly accounts?: Accounts,
  ) {}

  async send(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const identity = identityOf(request)!;
    const { password, kinds } = request.body as { readonly password: string; readonly kinds?: unknown };
    if (kinds !== undefined) {
      const message = 'is not possible here: everything that you own is erased, or call erase on each atome';
      throw invalid([{ path: 'kinds', message }]);
    }
    await this.accounts?.confirm(identity, password, addressOf(request.raw, this.options.proxies));
    let [deleted, kept, complete] = [0, 0, false];
    while (!complete && !reply.raw.destroyed) {
      const done = await this.data.eraseAll(identity.principal, null);
      deleted += done.erased;
      kept = done.kept ?? 0;
      complete = done.complete;
    }
    this.log.record('erase-all', request, { erased: deleted, complete });
    await reply.send({ success: true, deleted, erased: deleted, complete, ...(kept > 0 && { kept }) });
  }
}
