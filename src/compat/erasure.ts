import { Injectable, Optional } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { identityOf } from '../auth/authorization/access.guard.js';
import { addressOf } from '../auth/admission/client-address.js';
import { Accounts } from '../accounts/accounts.js';
import { ResolvedOptions } from '../config/module-options.js';
import { SecurityLog } from '../http/security-log.js';
import { UserData } from '../compliance/user-data.js';
import { AtomeError, invalid, isObject, KIND_PATTERN } from '../protocol/index.js';

/** What an erasure has come to. */
interface Erased {
  readonly deleted: number;
  readonly kept: number;
  readonly complete: boolean;
}

/** Erases what somebody owns, as the original client asks for it: with the password, and at once. */
@Injectable()
export class OriginalErasure {
  constructor(
    private readonly data: UserData,
    private readonly log: SecurityLog,
    private readonly options: ResolvedOptions,
    // without accounts nobody has a password here, and the token is the proof
    @Optional() private readonly accounts?: Accounts,
  ) {}

  /** Whether a body asks for it in the original client's words. */
  isAsked(body: unknown): boolean {
    if (!isObject(body) || (body.confirm !== undefined && body.confirm !== true)) return false;
    return typeof body.password === 'string' || (!this.accounts && body.confirm === undefined && 'kinds' in body);
  }

  async send(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { password = '', kinds } = request.body as { readonly password?: string; readonly kinds?: unknown };
    const chosen = kindsOf(kinds);
    await this.confirm(request, password);
    const { deleted, kept, complete } = await this.erase(request, reply, chosen);
    await reply.send({ success: true, deleted, erased: deleted, complete, ...(kept > 0 && { kept }) });
  }

  /** Erases all that the caller owns, and then the account. */
  async sendWithAccount(request: FastifyRequest, reply: FastifyReply, password: string): Promise<void> {
    await this.confirm(request, password);
    const { deleted, kept, complete } = await this.erase(request, reply);
    if (!complete)
      throw new AtomeError('unavailable', 'not all data is erased yet, so the account is there; repeat it');
    const identity = identityOf(request)!;
    await this.accounts?.delete(identity, password, this.addressOf(request));
    await reply.send({ success: true, id: identity.principal.id, deleted, ...(kept > 0 && { kept }) });
  }

  private async confirm(request: FastifyRequest, password: string): Promise<void> {
    await this.accounts?.confirm(identityOf(request)!, password, this.addressOf(request));
  }

  /** Goes on until it is done, or until nobody waits for it any more. */
  private async erase(request: FastifyRequest, reply: FastifyReply, kinds?: readonly string[]): Promise<Erased> {
    const { principal } = identityOf(request)!;
    let [deleted, kept, complete] = [0, 0, false];
    while (!complete && !reply.raw.destroyed) {
      const done = await this.data.eraseAll(principal, { reason: null, kinds });
      deleted += done.erased;
      kept = done.kept ?? 0;
      complete = done.complete;
    }
    this.log.record('erase-all', request, { erased: deleted, complete, ...(kinds && { kinds }) });
    return { deleted, kept, complete };
  }

  private addressOf({ raw }: FastifyRequest): string {
    return addressOf(raw, this.options.proxies);
  }
}

/** An empty list could mean nothing as well as everything. @throws AtomeError `invalid` */
function kindsOf(kinds: unknown): readonly string[] | undefined {
  if (kinds === undefined || kinds === null) return undefined;
  const isKind = (kind: unknown): kind is string => typeof kind === 'string' && KIND_PATTERN.test(kind);
  if (Array.isArray(kinds) && kinds.length > 0 && kinds.every(isKind)) return kinds;
  throw invalid([{ path: 'kinds', message: 'must be an array of kinds, or be left out for all that you own' }]);
}
